import { BailiwickError } from "@bailiwick/base";

export type CliErrorCode =
  /** Words on the command line that mean nothing. */
  | "CLI_USAGE"
  /** No run, or more than one, has the name that was given. */
  | "CLI_NO_SUCH_RUN"
  /** The run has no process of this pid or number. */
  | "CLI_NO_SUCH_EXEC"
  /** The terminal of a run was not recorded, or what was is gone. */
  | "CLI_NO_RECORDING"
  /** The run has ended, or did not end when told to. */
  | "CLI_KILL_FAILED"
  /** A file that was named cannot be read or written. */
  | "CLI_FILE"
  /** Signed in at no server. */
  | "CLI_NOT_SIGNED_IN"
  /** git failed, or is not there. */
  | "CLI_GIT"
  /** What came of a task can't be accepted or applied as it is. */
  | "CLI_TASK"
  /** What `init` would write is there already. */
  | "CLI_INIT_EXISTS";

export class CliError extends BailiwickError<CliErrorCode> {
  override readonly name = "CliError";
}
