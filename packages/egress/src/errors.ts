import { BailiwickError } from "@bailiwick/base";

export type EgressErrorCode =
  | "EGRESS_RULE_INVALID"
  | "EGRESS_STATIC_ADDRESS_INVALID"
  | "EGRESS_PUBLISH_PORT_IN_USE"
  | "EGRESS_PUBLISH_PORT_NOT_PERMITTED"
  | "EGRESS_PUBLISH_FAILED"
  /** A file of root certificates can't be read, or holds none. */
  | "EGRESS_ROOTS_UNREADABLE"
  | "EGRESS_CONNECT_TIMED_OUT"
  | "EGRESS_CONNECT_ABORTED";

/** What goes wrong in the gateway on Bailiwick's side. A refusal is not an error: it is a decision, and goes to the observer. */
export class EgressError extends BailiwickError<EgressErrorCode> {
  override readonly name = "EgressError";
}
