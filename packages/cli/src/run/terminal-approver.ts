import { closeSync, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { isErrno } from "@bailiwick/base";
import type { Answer, Approver, Question } from "@bailiwick/run";
import { questionText } from "./question-text.ts";

export interface TerminalApproverOptions {
  readonly by: string;
  /** Where the question is asked; `/dev/tty` but in tests. */
  readonly path: string;
  /** Without a key for so long, the answer is no. */
  readonly patienceMs: number;
  /** Keys that come sooner were meant for what was on the screen before. */
  readonly settleMs: number;
  readonly color: boolean;
}

const USUAL_COLUMNS = 80;

const KEYS: Readonly<Record<string, Answer>> = {
  o: "once",
  r: "run",
  n: "no",
  "\u001b": "no",
  // ^C, ^D: in raw mode these are keys like any other.
  "\u0003": "no",
  "\u0004": "no",
};

/** Asks at the person's terminal, one key for an answer. Whoever started the run operates it, and is nobody else. */
export class TerminalApprover implements Approver {
  readonly roles = ["operator"];
  readonly #options: TerminalApproverOptions;

  constructor(options: TerminalApproverOptions) {
    this.#options = options;
  }

  get by(): string {
    return this.#options.by;
  }

  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    const descriptor = openTerminal(this.#options.path);
    if (descriptor === undefined) return "unanswered";
    const columns = process.stdout.columns || USUAL_COLUMNS;
    const text = questionText(question, { color: this.#options.color, columns });
    // What can't be read whole can't be judged.
    if (text === undefined) {
      writeAll(descriptor, "\nbailiwick: refused without asking: the command is too long to be read\n");
      closeSync(descriptor);
      return "no";
    }
    writeAll(descriptor, text);
    return await this.#readKey(descriptor, signal);
  }

  async #readKey(descriptor: number, signal: AbortSignal): Promise<Answer> {
    const input = new ReadStream(descriptor);
    input.setRawMode(true);
    const askedAt = performance.now();
    try {
      const answer = await this.#firstKey(input, askedAt, signal);
      writeAll(descriptor, `${SAID[answer]}\n`);
      return answer;
    } finally {
      if (!input.destroyed) input.setRawMode(false);
      input.destroy();
    }
  }

  async #firstKey(input: ReadStream, askedAt: number, signal: AbortSignal): Promise<Answer> {
    const { patienceMs, settleMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const giveUp = (): void => {
      resolve("unanswered");
    };
    const patience = setTimeout(giveUp, patienceMs);
    signal.addEventListener("abort", giveUp);
    // A terminal that is gone ends or errors, depending on the kernel's mood.
    input.on("end", giveUp).on("error", giveUp);
    input.on("data", (keys) => {
      if (performance.now() - askedAt < settleMs) return;
      // More than one character at once is a paste or an escape sequence, never a key that was meant.
      const given = KEYS[keys.toString("utf8").toLowerCase()];
      if (given !== undefined) resolve(given);
    });
    try {
      return await promise;
    } finally {
      clearTimeout(patience);
      signal.removeEventListener("abort", giveUp);
    }
  }
}

const SAID: Readonly<Record<Answer, string>> = {
  once: "once",
  run: "for this run",
  no: "no",
  unanswered: "no (unanswered)",
};

function openTerminal(path: string): number | undefined {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if (isErrno(error, "ENXIO", "ENOENT", "EACCES", "EIO")) return undefined;
    throw error;
  }
}

function writeAll(descriptor: number, text: string): void {
  try {
    writeSync(descriptor, text);
  } catch (error) {
    if (!isErrno(error, "EIO", "EBADF", "EAGAIN", "ENXIO")) throw error;
  }
}
