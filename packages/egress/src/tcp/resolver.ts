import { networkInterfaces } from "node:os";
import { type AddressRefusal, type CheckedAddress, checkResolvedAddress } from "../addresses/classify.ts";

/** The addresses of a name, in the order of preference. Rejects when there are none. */
export type Lookup = (name: string) => Promise<readonly string[]>;

/** May a resolved address be dialled? */
export type AddressCheck = (address: string) => CheckedAddress | AddressRefusal;

/** What a name resolves to: addresses that may be dialled, or the first that may not when there is no other. */
export type Resolution =
  { readonly addresses: readonly CheckedAddress[] } | (AddressRefusal & { readonly address: string });

/**
 * `getaddrinfo` can't be cancelled and takes one of the four threads that the record is written with as well: a name
 * server that never answers must not stop the record, so most of the threads stay free.
 */
const MOST_LOOKUPS = 2;
/** Shorter than any sensible record's lifetime; what it saves is one lookup per connection of a package installation. */
const FRESH_MS = 5_000;
const MOST_CACHED = 256;
/** More are not tried for one connection. */
const MOST_ADDRESSES = 8;

export async function systemLookup(name: string): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises"); // not before something is looked up
  const found = await lookup(name, { all: true, order: "verbatim" });
  return found.map(({ address }) => address);
}

/** The check of {@link checkResolvedAddress}, and not one of this machine's own: its services trust what comes from it. */
export function checkPublicAddress(address: string, machine = networkInterfaces): CheckedAddress | AddressRefusal {
  const checked = checkResolvedAddress(address);
  if ("refusal" in checked) return checked;
  for (const interfaces of Object.values(machine())) {
    for (const own of interfaces ?? []) {
      const mine = checkResolvedAddress(own.address);
      if ("text" in mine && mine.text === checked.text) return { refusal: "an address of this machine" };
    }
  }
  return checked;
}

/**
 * Turns names into addresses to dial, after the decision and only then. What is dialled is what was checked here: the
 * result holds literal addresses, and nothing resolves the name a second time (DNS rebinding).
 */
export class Resolver {
  readonly #lookup: Lookup;
  readonly #check: AddressCheck;
  readonly #recent = new Map<string, { readonly at: number; readonly result: Promise<Resolution> }>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(lookup: Lookup, check: AddressCheck) {
    this.#lookup = lookup;
    this.#check = check;
  }

  /** Rejects as the lookup does. */
  async resolve(name: string): Promise<Resolution> {
    const now = performance.now();
    const known = this.#recent.get(name);
    if (known !== undefined && now - known.at < FRESH_MS) return await known.result;
    this.#recent.delete(name);
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size < MOST_CACHED) break;
      this.#recent.delete(oldest);
    }
    const entry = { at: now, result: this.#resolveNow(name) };
    this.#recent.set(name, entry);
    try {
      return await entry.result;
    } catch (error) {
      if (this.#recent.get(name) === entry) this.#recent.delete(name);
      throw error;
    }
  }

  /** After a failed dial: the next connection asks again. */
  forget(name: string): void {
    this.#recent.delete(name);
  }

  async #resolveNow(name: string): Promise<Resolution> {
    const found = await this.#lookupInTurn(name);
    const addresses: CheckedAddress[] = [];
    let refused: Resolution | undefined;
    for (const address of found) {
      const checked = this.#check(address);
      if ("refusal" in checked) refused ??= { address, refusal: checked.refusal };
      else if (!addresses.some(({ text }) => text === checked.text)) addresses.push(checked);
    }
    if (addresses.length === 0 && refused !== undefined) return refused;
    return { addresses: alternateFamilies(addresses).slice(0, MOST_ADDRESSES) };
  }

  async #lookupInTurn(name: string): Promise<readonly string[]> {
    if (this.#running >= MOST_LOOKUPS) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    } else {
      this.#running++;
    }
    try {
      return await this.#lookup(name);
    } finally {
      // The place goes to the next in line, or is given back.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** First the family that the resolver prefers, then in turn, so that a broken family costs one attempt (RFC 8305, section 4). */
function alternateFamilies(addresses: readonly CheckedAddress[]): readonly CheckedAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const mixed: CheckedAddress[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    mixed.push(...first.slice(index, index + 1), ...second.slice(index, index + 1));
  }
  return mixed;
}
