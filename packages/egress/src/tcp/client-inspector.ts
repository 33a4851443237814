import type { Refusal } from "../refusals.ts";

/**
 * What is to be done with the client's bytes so far. `hold`: nothing goes on yet. `pass`: everything held goes on; with
 * `done` the inspector is not asked again. `refuse`: nothing more goes on, and the connection ends.
 */
export type Verdict =
  | { readonly kind: "hold" }
  | { readonly kind: "pass"; readonly done: boolean }
  | { readonly kind: "refuse"; readonly refusal: Refusal };

/**
 * Stands between the client and the server, in that direction only, from the first byte until it says that it is done.
 * This is where a protocol is looked into: a connection has one inspector, and whatever it lets through is forwarded as is.
 */
export interface ClientInspector {
  /** Takes the next bytes, in order. Must hold at most a bounded number of bytes before it decides. */
  inspect(chunk: Uint8Array): Verdict;
  /** The client sent nothing more, or not in time, while bytes were held. */
  giveUp(why: string): Refusal;
}

export const PASS: Verdict = { kind: "pass", done: false };
export const PASS_ALL: Verdict = { kind: "pass", done: true };
export const HOLD: Verdict = { kind: "hold" };
