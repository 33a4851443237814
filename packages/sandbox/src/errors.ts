import { BailiwickError } from "@bailiwick/base";

export type SandboxErrorCode =
  /** The LaunchSpec cannot be sent: a path, port or list out of form. */
  | "SANDBOX_SPEC_INVALID"
  /** No system-call table for this machine. */
  | "SANDBOX_ARCHITECTURE"
  /** No launcher for this machine beside the package. */
  | "SANDBOX_LAUNCHER_MISSING"
  /** A layer could not be applied; nothing has run. */
  | "SANDBOX_LAUNCH_FAILED"
  /** The launcher said something that the protocol does not permit; the run was ended. */
  | "SANDBOX_LAUNCHER_PROTOCOL"
  /** The launcher ended without saying how the run ended, or ended the run itself. */
  | "SANDBOX_LAUNCHER_LOST"
  /** A handler failed while it had to decide; the run was ended. */
  | "SANDBOX_HANDLER_FAILED"
  /** Nothing listens on that port inside. */
  | "SANDBOX_CONNECT_FAILED"
  /** Asked of a run that has ended. */
  | "SANDBOX_ENDED"
  /** No profile has that name, or its file can't be read. */
  | "SANDBOX_PROFILE_NOT_FOUND"
  /** A profile says something that is not known or makes no sense. */
  | "SANDBOX_PROFILE_INVALID"
  /** The workspace can't be given to a run: `/`, a home directory, a system directory, or protected names can't be held in it. */
  | "SANDBOX_WORKSPACE_REFUSED"
  /** Something else that the profile wants visible inside can't be, or must not be. */
  | "SANDBOX_VIEW_REFUSED"
  /** The private home can't be made, or was to be seeded with a secret. */
  | "SANDBOX_HOME_REFUSED";

/** A failure of the sandbox; a refusal is a value, not this. */
export class SandboxError extends BailiwickError<SandboxErrorCode> {
  override readonly name = "SandboxError";
}
