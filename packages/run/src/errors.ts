import { BailiwickError } from "@bailiwick/base";

export type RunErrorCode =
  /** The state directory is missing, belongs to someone else, or can be written by others. */
  | "RUN_STATE_UNUSABLE"
  /** The workspace holds, or lies in, the profiles and policies that runs are governed by. */
  | "RUN_WORKSPACE_REFUSED"
  /** A `--policy` file or directory can't be read, or holds no policy. */
  | "RUN_POLICY_UNREADABLE"
  /** `HOME` is no absolute path. */
  | "RUN_HOME_INVALID"
  /** `--env`, `--allow-host`, `--publish` or another value is not of its form. */
  | "RUN_OPTION_INVALID"
  /** What the command line gives goes beyond what the profile, or a layer above it, lets through. */
  | "RUN_OPTION_REFUSED"
  /** What this host knows of witnesses is damaged, or a profile names one that it does not know. */
  | "RUN_WITNESS_UNKNOWN"
  /** The profile requires that the start is witnessed, and too few witnesses could be had. */
  | "RUN_NOT_WITNESSED"
  /** A file of root certificates lies where a run can write. */
  | "RUN_ROOTS_REFUSED"
  /** The source of a credential gives none, or none that can be sent. */
  | "RUN_CREDENTIAL_UNAVAILABLE"
  /** A credential stands where the run or the record would get it. */
  | "RUN_CREDENTIAL_EXPOSED"
  /** A rule set of the profile lacks what it needs. */
  | "RUN_RULES_INVALID"
  /** This host is enrolled, and has never had its server's policies. */
  | "RUN_POLICY_MISSING"
  /** Its server's policies require that it was heard within some hours, and it was not. */
  | "RUN_POLICY_OVERDUE"
  /** A file of an exec can't be read for its digest. */
  | "RUN_DIGEST_FAILED";

export class RunError extends BailiwickError<RunErrorCode> {
  override readonly name = "RunError";
}
