export { parseSize, type CastCode, type CastEvent, type CastHeader } from "./asciicast.ts";
export { CastFile } from "./cast-file.ts";
export type { TerminalSize } from "./cast-writer.ts";
export { DisplayFilter } from "./display.ts";
export { RecordingError, type RecordingErrorCode } from "./errors.ts";
export type { RecordingEnd } from "./recorder.ts";
export { RecorderThread, type RecorderThreadOptions } from "./recorder-thread.privileged.ts";
export type { Prefix } from "./recording-file.ts";
export { Redactor, type RedactorOptions, type Written } from "./redactor.ts";

/** Reads what a recording shows, as text. Loaded when a search needs it. */
export async function loadShownLines(): Promise<(typeof import("./shown-lines.ts"))["shownLines"]> {
  return (await import("./shown-lines.ts")).shownLines;
}

/** What draws the picture of a recording: loaded when one is looked at, never by a run. */
export async function loadPlayer(): Promise<typeof import("./player.ts")> {
  return await import("./player.ts");
}
