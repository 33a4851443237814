import { BailiwickError } from "@bailiwick/base";

export type ExportsErrorCode =
  /** `exports.toml` is missing, is not TOML, or says something that can't be. */
  | "EXPORTS_CONFIG_INVALID"
  /** No destination has this name. */
  | "EXPORTS_NO_SUCH_DESTINATION"
  /** A secret can't be had: no such variable, a file that others can read, a command that fails. */
  | "EXPORTS_SECRET_UNAVAILABLE"
  /** The record is not the one that was exported from: it was cut, put back or replaced. */
  | "EXPORTS_RECORD_CHANGED"
  /** The cursor's file can't be read or written, or is not what was written. */
  | "EXPORTS_CURSOR_UNUSABLE"
  /** Another process exports to this destination. */
  | "EXPORTS_BUSY"
  /** The receiver can't be reached or does not take the records now. They are kept: in the record. */
  | "EXPORTS_NOT_DELIVERED"
  /** The receiver will never take these records as they are. */
  | "EXPORTS_REFUSED";

export class ExportsError extends BailiwickError<ExportsErrorCode> {
  override readonly name = "ExportsError";
}
