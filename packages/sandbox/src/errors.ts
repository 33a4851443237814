import { BailiwickError } from "@bailiwick/base";

export type SandboxErrorCode = "SANDBOX_SPEC_INVALID" | "SANDBOX_ARCHITECTURE";

/** A failure of the sandbox; a refusal is a value, not this. */
export class SandboxError extends BailiwickError<SandboxErrorCode> {
  override readonly name = "SandboxError";
}
