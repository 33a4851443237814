import type { Socket } from "node:net";
import type { Decision } from "@bailiwick/policy";
import type { NeedleScan } from "../credentials/needles.ts";
import type { Refusal } from "../refusals.ts";
import type { GatewayObserver, RequestQuestion, SentRequestFacts } from "../observer.ts";

/**
 * Looks into connections to the hosts that it covers: TLS ends here, and every request is decided. A host that is covered is never passed on
 * unseen: what is neither TLS nor HTTP is refused.
 */
export interface Inspection {
  /** PEM: what the run has to trust beside the host's own roots, this run's authority last. */
  readonly additions: string;
  /** PEM of everything that the run should trust. */
  readonly bundle: string;
  covers(host: string): boolean;
  /** A connection to this host is likely to come. */
  prepare(host: string): void;
  /** Looks for placeholders in what goes to other hosts in the clear; undefined when there are none. */
  scanClearText(): NeedleScan | undefined;
  /**
   * Undefined when all that models have answered so far is read and reported, which it is unless it came compressed; else resolves when it is,
   * or after a tenth of a second.
   */
  modelsSettled(): Promise<void> | undefined;
  /** Resolves when all that was found in exchanges that have ended is reported. */
  close(): Promise<void>;
  /** Serves one connection until it has ended; resolves with its error, if any. Never rejects. */
  serve(connection: InspectedConnection): Promise<string | undefined>;
}

/** A connection from inside to a host that is covered; connecting to it was permitted, and it is dialled already. */
export interface InspectedConnection {
  readonly id: number;
  readonly host: string;
  readonly port: number;
  /** Nothing was read from either. */
  readonly client: Socket;
  readonly server: Socket;
  /**
   * The same address once more, for a request that waited for a person longer than the server did. Rejects where it can't be reached.
   */
  readonly redial: () => Promise<Socket>;
  /** The exec that connected, as far as it is known. Never rejects. */
  readonly owner: Promise<number | undefined>;
  /** Refuses the connection itself: reports, then resets. */
  readonly refuse: (refusal: Refusal) => Promise<void>;
  /** Never rejects. */
  readonly decide: (question: RequestQuestion, sent: SentRequestFacts) => Decision | Promise<Decision>;
  readonly observer: GatewayObserver;
  /** Counts requests of all connections, from 1. */
  readonly nextRequest: () => number;
  readonly profileDigest: string;
}
