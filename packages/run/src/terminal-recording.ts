import type { NewEvent } from "@bailiwick/audit";
import type { RecordingEnd, RecorderThread, TerminalSize } from "@bailiwick/recording";

export interface TerminalRecordingOptions {
  /** Where the recording is to be; nothing is there yet. */
  readonly path: string;
  /** TERM of the command. */
  readonly terminal: string | undefined;
  readonly maxBytes: number;
  /** Whether it may be sent to the host's server: the record says so, and nothing else does. */
  readonly send: boolean;
  /** NAME=VALUE. */
  readonly environment: readonly string[];
  /** Files that the run must not read: what stands in them must not stand in the recording. */
  readonly maskedFiles: readonly string[];
  readonly append: (event: NewEvent) => void;
  /** So many bytes of output are out of the way. */
  readonly onTaken: (bytes: number) => void;
  readonly say: (text: string) => void;
  readonly now: () => number;
}

/** Where the terminal does not say. */
const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };
/** Of output that comes while the recorder is loaded; the launcher tells of less. */
const MOST_EARLY = 8 << 20;

/**
 * The recording of a run's terminal. The code for it is loaded when the first output is there, which never comes where there is no terminal;
 * so is what it looks for.
 */
export class TerminalRecording {
  readonly #options: TerminalRecordingOptions;
  #recorder: RecorderThread | undefined;
  #loading: Promise<void> | undefined;
  /** What comes before the recorder is there. */
  #early: ((recorder: RecorderThread) => void)[] = [];
  #earlyBytes = 0;
  #lost = 0;

  constructor(options: TerminalRecordingOptions) {
    this.#options = options;
  }

  onOutput(at: number, bytes: Uint8Array, lost: number): void {
    if (this.#recorder !== undefined) {
      this.#recorder.output(at, bytes, lost);
      return;
    }
    this.#lost += lost;
    this.#earlyBytes += bytes.length;
    if (this.#earlyBytes > MOST_EARLY) this.#lost += bytes.length;
    else this.#wait(at, USUAL_SIZE, outputLater(at, Uint8Array.from(bytes), this.#takeLost()));
  }

  onSize(at: number, columns: number, rows: number): void {
    const size = { columns, rows };
    if (this.#recorder !== undefined) this.#recorder.resize(at, size);
    // The first size is that of the beginning, not a change.
    else if (this.#loading === undefined) this.#load(at, size);
    else
      this.#early.push((recorder) => {
        recorder.resize(at, size);
      });
  }

  /** Ends the recording and records that; nothing where there was none. */
  async close(status: number): Promise<void> {
    await this.#loading;
    if (this.#recorder === undefined) return;
    if (this.#lost > 0) this.#recorder.output(this.#options.now(), new Uint8Array(0), this.#takeLost());
    const end = await this.#recorder.close(this.#options.now(), status);
    this.#options.append(closedEvent(end, this.#options.now()));
  }

  #wait(at: number, size: TerminalSize, later: (recorder: RecorderThread) => void): void {
    this.#early.push(later);
    if (this.#loading === undefined) this.#load(at, size);
  }

  #load(at: number, size: TerminalSize): void {
    const { append, say, now, send } = this.#options;
    append({ type: "recording.opened", at, ...size, ...(send && { send }) });
    this.#loading = this.#begin(at, size).catch((error: unknown) => {
      say(`the terminal is not recorded: ${error instanceof Error ? error.message : String(error)}`);
      append(closedEvent({ whole: undefined, frames: 0, dropped: 0, redactions: 0, reason: "failed" }, now()));
    });
  }

  async #begin(startedAt: number, size: TerminalSize): Promise<void> {
    const { RecorderThread } = await import("@bailiwick/recording");
    const { path, terminal, maxBytes, append, onTaken, say, now, environment, maskedFiles } = this.#options;
    const { knownSecrets } = await import("./known-secrets.ts");
    const recorder = new RecorderThread({
      path,
      size,
      terminal,
      startedAt,
      maxBytes,
      values: knownSecrets(environment, maskedFiles),
      onProven: ({ bytes, digest }) => {
        append({ type: "recording.grown", at: now(), bytes, digest });
      },
      onTaken,
      say,
    });
    this.#recorder = recorder;
    for (const later of this.#early.splice(0)) later(recorder);
  }

  #takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }
}

function outputLater(at: number, bytes: Uint8Array, lost: number): (recorder: RecorderThread) => void {
  return (recorder) => {
    recorder.output(at, bytes, lost);
  };
}

function closedEvent({ whole, frames, dropped, redactions, reason }: RecordingEnd, at: number): NewEvent {
  return { type: "recording.closed", at, ...whole, frames, dropped, redactions, reason };
}
