import { BailiwickError } from "@bailiwick/base";

export type CliErrorCode =
  /** Words on the command line that mean nothing. */
  | "CLI_USAGE"
  /** No run, or more than one, has the name that was given. */
  | "CLI_NO_SUCH_RUN"
  /** The run has ended, or did not end when told to. */
  | "CLI_KILL_FAILED"
  /** A file that was named cannot be read or written. */
  | "CLI_FILE"
  /** What `init` would write is there already. */
  | "CLI_INIT_EXISTS";

export class CliError extends BailiwickError<CliErrorCode> {
  override readonly name = "CliError";
}
