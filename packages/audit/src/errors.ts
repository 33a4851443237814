import { BailiwickError } from "@bailiwick/base";

export type AuditErrorCode =
  /** The disk refused (full, read-only, input/output error). The entries are kept, in order, until `retry` succeeds. */
  | "AUDIT_WRITE_FAILED"
  /** Another process held the log's lock for too long. The entries are kept, as with AUDIT_WRITE_FAILED. */
  | "AUDIT_LOCKED"
  /** The file system cannot lock at all, or the lock's file is unusable. */
  | "AUDIT_LOCK_FAILED"
  /** What is on disk is not what was signed, or is older than what this process saw: nothing is appended to it. */
  | "AUDIT_LOG_DAMAGED"
  /** Too much is waiting to be written; this one event was not taken. */
  | "AUDIT_OVERLOADED"
  /** `append` after `close`. */
  | "AUDIT_CLOSED"
  /** The log's key is missing, unreadable by this parser, or readable by others. */
  | "AUDIT_KEY_UNUSABLE"
  /** The command that signs failed, took too long or answered wrongly. Nothing was signed; the entries are kept, as with AUDIT_WRITE_FAILED. */
  | "AUDIT_SIGNER_FAILED"
  /** A run that still goes on: its personal members can't be erased yet. */
  | "AUDIT_RUN_GOING"
  /** A file of the log or an event in it does not have its form. */
  | "AUDIT_MALFORMED"
  /** There is no log in this directory yet. */
  | "AUDIT_NO_LOG"
  /** What a witness remembers of a log is damaged: it cosigns nothing of it. */
  | "AUDIT_WITNESS_DAMAGED"
  /** A witness cannot listen where it was told to. */
  | "AUDIT_LISTEN_FAILED"
  /** The log has no entry with this index. */
  | "AUDIT_NO_SUCH_ENTRY"
  /** The log has no entry of this run. */
  | "AUDIT_NO_SUCH_RUN";

export class AuditError extends BailiwickError<AuditErrorCode> {
  override readonly name = "AuditError";
}
