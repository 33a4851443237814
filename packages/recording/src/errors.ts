import { BailiwickError } from "@bailiwick/base";

export type RecordingErrorCode =
  /** A file is not a recording. */
  "RECORDING_MALFORMED";

export class RecordingError extends BailiwickError<RecordingErrorCode> {
  override readonly name = "RecordingError";
}
