import type { Decision } from "@bailiwick/policy";
import type { GatewayOptions } from "./types.ts";
import type { GatewayObserver } from "./observer.ts";

/** Longest wait for the owner of a socket, in milliseconds; after it the report says that the owner is not known. */
const OWNER_DEADLINE_MS = 1_000;
/** Within this time the same refusal to the same exec is one report: resolvers and clients ask again at once. */
const REPEAT_WINDOW_MS = 2_000;
const MOST_REMEMBERED = 4_096;

export type SocketEnds = Parameters<GatewayOptions["findOwner"]>[0];

/** Finds owners, and tells the observer about refusals without telling it the same thing ten times. */
export class Reports {
  readonly #observer: Pick<GatewayObserver, "refused">;
  readonly #findOwner: GatewayOptions["findOwner"];
  /** When a refusal was last reported, oldest first. */
  readonly #reported = new Map<string, number>();

  constructor(options: Pick<GatewayOptions, "findOwner"> & { readonly observer: Pick<GatewayObserver, "refused"> }) {
    this.#observer = options.observer;
    this.#findOwner = options.findOwner;
  }

  /** The exec that owns a socket; `undefined` when it is not found in time or finding failed. Never rejects. */
  async ownerOf(ends: SocketEnds): Promise<number | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, OWNER_DEADLINE_MS, undefined);
    });
    try {
      return await Promise.race([this.#findOwner(ends), deadline]);
    } catch (error) {
      // Nothing hangs on the owner: the decision is made without it, and the record says that it is not known.
      if (error instanceof Error) return undefined;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reports a refusal, the first at once; its repetitions within the window are left out. */
  refused(host: string, port: number, exec: number | undefined, decision: Decision): void {
    const at = Date.now();
    const key = `${String(exec)} ${String(port)} ${host} ${decision.reason}`;
    const last = this.#reported.get(key);
    if (last !== undefined && at >= last && at - last < REPEAT_WINDOW_MS) return;
    this.#reported.delete(key);
    this.#reported.set(key, at);
    for (const oldest of this.#reported.keys()) {
      if (this.#reported.size <= MOST_REMEMBERED) break;
      this.#reported.delete(oldest);
    }
    this.#observer.refused({ host, port, exec, decision, at });
  }
}
