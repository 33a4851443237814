import { BailiwickError } from "@bailiwick/base";
import type { Problem } from "./source.ts";

export type PolicyErrorCode =
  /** A policy set has errors; the message names the first, `problems` has all. */
  | "POLICY_INVALID"
  /** A file of policy tests can't be read. */
  | "POLICY_TEST_INVALID"
  /** A bundle of a policy layer is none, or of a form that this version does not know. */
  | "POLICY_BUNDLE_INVALID"
  /** Cedar gave no answer: it trapped, took too long, or refused what it was given. */
  | "POLICY_CEDAR_FAILED"
  /** Facts are too long to be judged; they are never cut, because a cut string would make a `forbid` miss. */
  | "POLICY_REQUEST_TOO_LARGE";

export class PolicyError extends BailiwickError<PolicyErrorCode> {
  override readonly name = "PolicyError";
  /** All that is wrong with the policy set, for POLICY_INVALID; else empty. */
  readonly problems: readonly Problem[];

  constructor(
    code: PolicyErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly remedy?: string; readonly problems?: readonly Problem[] } = {},
  ) {
    super(code, message, options);
    this.problems = options.problems ?? [];
  }
}
