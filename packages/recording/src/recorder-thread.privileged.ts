import { Worker } from "node:worker_threads";
import { workerEnvironment } from "@bailiwick/base/workers";
import type { FromRecorder, RecorderStart, ToRecorder } from "./messages.ts";
import type { TerminalSize } from "./cast-writer.ts";
import type { RecordingEnd } from "./recorder.ts";
import type { Prefix } from "./recording-file.ts";

// SAFETY: the only code that is started here is the recorder's own, without an environment; it gets what is to be recorded and where.

export interface RecorderThreadOptions extends RecorderStart {
  /** Called each time more of the file is on the disk, in order. */
  readonly onProven: (prefix: Prefix) => void;
  /** So many bytes of output are out of the way. */
  readonly onTaken: (bytes: number) => void;
  /** For the person, one line. */
  readonly say: (text: string) => void;
}

/** On its way to the thread or waiting there; more than this is left out, and said. */
const MOST_WAITING = 8 << 20;
/** What a page of output and a rule make of memory, many times over. */
const LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 };

/**
 * Records a terminal in a thread of its own, of the lowest priority: whoever decides about commands, and the terminal itself, have the processor first.
 * Nobody ever waits for it; what it can't take is counted, and a mark in the recording says so.
 */
export class RecorderThread {
  readonly #worker: Worker;
  readonly #closed: Promise<RecordingEnd>;
  #waiting = 0;
  #lost = 0;
  /** All that was never sent. */
  #dropped = 0;
  #failed = false;

  constructor({ onProven, onTaken, say, ...start }: RecorderThreadOptions) {
    this.#worker = new Worker(workerUrl(), {
      env: workerEnvironment(),
      argv: [],
      execArgv: [],
      workerData: start,
      resourceLimits: LIMITS,
    });
    this.#worker.unref();
    const { promise, resolve } = Promise.withResolvers<RecordingEnd>();
    this.#closed = promise;
    this.#worker.on("message", (message: FromRecorder) => {
      switch (message.kind) {
        case "taken":
          this.#waiting -= message.bytes;
          onTaken(message.bytes);
          return;
        case "proven":
          onProven(message.prefix);
          return;
        case "said":
          say(message.text);
          return;
        case "closed":
          resolve(message.end);
      }
    });
    const fail = (why: string): void => {
      if (this.#failed) return;
      this.#failed = true;
      say(`the terminal is not recorded any more: ${why}`);
      resolve({ whole: undefined, frames: 0, redactions: 0, dropped: this.#dropped, reason: "failed" });
    };
    this.#worker.on("error", (error) => {
      fail(error instanceof Error ? error.message : String(error));
    });
    this.#worker.on("exit", () => {
      fail("its thread ended");
    });
  }

  /** Output of the terminal; the bytes are copied. @param lost bytes before these that never came here */
  output(at: number, bytes: Uint8Array, lost: number): void {
    this.#lost += lost;
    this.#dropped += lost;
    if (this.#failed || this.#waiting + bytes.length > MOST_WAITING) {
      this.#lost += bytes.length;
      this.#dropped += bytes.length;
      return;
    }
    this.#waiting += bytes.length;
    const copy = Uint8Array.from(bytes);
    this.#send({ kind: "output", at, bytes: copy, lost: this.#lost }, copy.buffer);
    this.#lost = 0;
  }

  resize(at: number, size: TerminalSize): void {
    this.#send({ kind: "size", at, size });
  }

  /** Ends the recording. Never rejects. @param status of the command */
  async close(at: number, status: number | undefined): Promise<RecordingEnd> {
    this.#worker.ref();
    this.#send({ kind: "close", at, status, lost: this.#lost });
    const end = await this.#closed;
    this.#failed = true; // its end is expected from here on
    await this.#worker.terminate();
    return end;
  }

  #send(message: ToRecorder, ...moved: ArrayBuffer[]): void {
    if (!this.#failed) this.#worker.postMessage(message, moved);
  }
}

/** Beside the bundle it is `recording-worker.mjs`; unbuilt it is the source file. */
function workerUrl(): URL {
  const unbuilt = import.meta.url.endsWith(".ts");
  return new URL(unbuilt ? "./recording-worker.privileged.ts" : "./recording-worker.mjs", import.meta.url);
}
