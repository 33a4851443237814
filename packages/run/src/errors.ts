import { BailiwickError } from "@bailiwick/base";

export type RunErrorCode =
  /** The state directory is missing, belongs to someone else, or can be written by others. */
  | "RUN_STATE_UNUSABLE"
  /** The workspace is `/`, a home directory, no directory at all, or holds Bailiwick's own state. */
  | "RUN_WORKSPACE_REFUSED"
  /** A `--policy` file or directory can't be read, or holds no policy. */
  | "RUN_POLICY_UNREADABLE"
  /** `--env`, `--allow-host`, `--publish` or another value is not of its form. */
  | "RUN_OPTION_INVALID"
  /** The command does not exist; nothing ran. */
  | "RUN_NO_SUCH_PROGRAM"
  /** A file of an exec can't be read for its digest. */
  | "RUN_DIGEST_FAILED"
  /** No run of this name, or several. */
  | "RUN_NOT_FOUND"
  /** The run has ended already. */
  | "RUN_NOT_RUNNING";

export class RunError extends BailiwickError<RunErrorCode> {
  override readonly name = "RunError";
}
