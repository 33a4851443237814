import type { HttpRequest, LeakFacts, RunFacts } from "../types.ts";
import { readRequestTarget, type UnreadableTarget } from "./request-target.ts";

/** One request as its sender wrote it. */
export interface SentRequest {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly method: string;
  /** Path and query, as on the request line. */
  readonly target: string;
  /** Names in lower case; without the values of those that hold credentials. */
  readonly headers: HttpRequest["headers"];
  readonly sizeBytes: number;
  readonly credential: string;
  readonly program: string;
  /** Absent: nothing was found, and the host is no model's. */
  readonly leak?: LeakFacts;
}

export const NO_LEAK: LeakFacts = { kinds: [], toModel: false };

/** A request to decide about; unreadable when servers could disagree about what its target means. */
export function httpRequestFor(
  run: RunFacts,
  { target, leak = NO_LEAK, ...sent }: SentRequest,
  timeMs: number,
): HttpRequest | UnreadableTarget {
  const read = readRequestTarget(target);
  if ("unreadable" in read) return read;
  return { action: "httpRequest", run, ...sent, ...read, leak, timeMs, approved: false };
}
