// SAFETY: opens connections on the host's side of the boundary. Takes literal addresses alone, which have been checked or
// stand in the profile; it can't resolve a name.
import { connect, type OnReadOpts, type Socket } from "node:net";
import type { CheckedAddress } from "../addresses/classify.ts";
import { EgressError } from "../errors.ts";

/** A later address is tried beside the earlier ones after this time (RFC 8305, section 5). */
const STAGGER_MS = 250;
const ATTEMPT_TIMEOUT_MS = 15_000;
/** A peer that is gone without a word is noticed after this long without traffic; idle connections stay open. */
export const KEEP_ALIVE_MS = 60_000;

export interface DialTarget {
  /** At least one. */
  readonly addresses: readonly CheckedAddress[];
  readonly port: number;
  /** Receives what the server sends, on the one connection that is used; without it the socket is read as any other. */
  readonly onread: OnReadOpts | undefined;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
}

export interface Dialled {
  readonly socket: Socket;
  readonly address: string;
}

/** Connects to the first address that answers. Rejects with the first attempt's error when none does, or when aborted. */
export async function dial(target: DialTarget): Promise<Dialled> {
  return await new Promise<Dialled>((resolve, reject) => {
    new Race(target, resolve, reject).next();
  });
}

class Race {
  readonly #target: DialTarget;
  readonly #resolve: (dialled: Dialled) => void;
  readonly #reject: (error: Error) => void;
  readonly #attempts = new Set<Socket>();
  #index = 0;
  #over = false;
  #firstError: Error | undefined;
  #stagger: NodeJS.Timeout | undefined;
  readonly #abort = (): void => {
    this.#finish();
    this.#reject(new EgressError("EGRESS_CONNECT_ABORTED", "the client went away before the server answered"));
  };

  constructor(target: DialTarget, resolve: (dialled: Dialled) => void, reject: (error: Error) => void) {
    this.#target = target;
    this.#resolve = resolve;
    this.#reject = reject;
    target.signal.addEventListener("abort", this.#abort);
  }

  next(): void {
    clearTimeout(this.#stagger);
    if (this.#target.signal.aborted) {
      this.#abort();
      return;
    }
    const address = this.#target.addresses[this.#index++];
    if (address === undefined) {
      if (this.#attempts.size > 0) return;
      this.#finish();
      this.#reject(this.#firstError ?? new EgressError("EGRESS_CONNECT_TIMED_OUT", "no address to connect to"));
      return;
    }
    this.#attempt(address);
    if (this.#index < this.#target.addresses.length) {
      this.#stagger = setTimeout(() => {
        this.next();
      }, STAGGER_MS);
    }
  }

  #attempt({ text, family }: CheckedAddress): void {
    const socket = connect({
      host: text,
      family,
      port: this.#target.port,
      ...(this.#target.onread !== undefined && { onread: this.#target.onread }),
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    this.#attempts.add(socket);
    const timeout = setTimeout(() => {
      socket.destroy(new EgressError("EGRESS_CONNECT_TIMED_OUT", `\`${text}\` did not answer in time`));
    }, ATTEMPT_TIMEOUT_MS);
    // Stays on the socket, so that no later error is ever without a handler.
    socket.on("error", (error) => {
      clearTimeout(timeout);
      if (!this.#attempts.delete(socket) || this.#over) return;
      this.#firstError ??= error;
      this.next();
    });
    socket.once("connect", () => {
      clearTimeout(timeout);
      this.#attempts.delete(socket);
      this.#finish();
      this.#resolve({ socket, address: text });
    });
    socket.once("close", () => {
      clearTimeout(timeout);
    });
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#stagger);
    this.#target.signal.removeEventListener("abort", this.#abort);
    for (const socket of this.#attempts) socket.destroy();
    this.#attempts.clear();
  }
}
