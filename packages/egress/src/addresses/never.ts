import { networkInterfaces } from "node:os";
import type { HostRule } from "../types.ts";
import type { CheckedAddress } from "./classify.ts";

/** The addresses of a name. Rejects when there are none. */
type Lookup = (name: string) => Promise<readonly string[]>;

const LOOPBACK = /^(127\.|::1$)/;

/**
 * Services that no run may reach, whatever its profile permits: what governs runs must not be in their reach. By name, and by
 * address under any other name, so that neither a static address of the profile nor a name of the run's own choice leads there.
 */
export class Never {
  readonly #services: readonly HostRule[];
  readonly #lookup: Lookup;
  readonly #own: () => readonly string[];

  constructor(services: readonly HostRule[], lookup: Lookup, own = ownAddresses) {
    this.#services = services;
    this.#lookup = lookup;
    this.#own = own;
  }

  /** Whether a name at a port, that is to be dialled at these addresses, is such a service. */
  async includes(name: string, port: number, addresses: readonly CheckedAddress[]): Promise<boolean> {
    for (const service of this.#services) {
      if (service.port !== port) continue;
      if (service.name === name) return true;
      const taken = await this.#addressesOf(service.name);
      if (addresses.some(({ text }) => taken.has(text) || (taken.has("127.0.0.1") && LOOPBACK.test(text)))) return true;
    }
    return false;
  }

  /** Of a service of this machine all of the machine's own: what listens on one mostly listens on the others. */
  async #addressesOf(name: string): Promise<ReadonlySet<string>> {
    let found: readonly string[];
    try {
      found = /^[0-9.]+$|:/.test(name) ? [name] : await this.#lookup(name);
    } catch (error) {
      // A name that leads nowhere is nobody's address: then only the name itself is refused.
      if (error instanceof Error) return new Set();
      throw error;
    }
    const own = this.#own();
    const isHere = found.some((address) => LOOPBACK.test(address) || own.includes(address));
    return new Set(isHere ? [...found, ...own, "127.0.0.1", "::1"] : found);
  }
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((interfaces) => (interfaces ?? []).map(({ address }) => address));
}
