import type { CastWriterOptions, TerminalSize } from "./cast-writer.ts";
import type { RecordingEnd } from "./recorder.ts";
import type { Prefix } from "./recording-file.ts";

/** What a recorder is given and says, when it is a thread of its own. */
export type ToRecorder =
  | { readonly kind: "output"; readonly at: number; readonly bytes: Uint8Array; readonly lost: number }
  | { readonly kind: "size"; readonly at: number; readonly size: TerminalSize }
  | { readonly kind: "close"; readonly at: number; readonly status: number | undefined; readonly lost: number };

export type FromRecorder =
  /** So many bytes of output are out of its hands. */
  | { readonly kind: "taken"; readonly bytes: number }
  | { readonly kind: "proven"; readonly prefix: Prefix }
  | { readonly kind: "said"; readonly text: string }
  | { readonly kind: "closed"; readonly end: RecordingEnd };

export type RecorderStart = CastWriterOptions;
