import { closeSync, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import { isErrno } from "@bailiwick/base";
import type { Answer, Approver, Question } from "@bailiwick/run";
import { goOnText, questionText } from "./question-text.ts";

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

/** What keys mean, and how that is said back. */
interface Keys<T extends string> {
  readonly by: Readonly<Record<string, T>>;
  readonly said: Readonly<Record<T, string>>;
}

// Escape, ^C, ^D: in raw mode these are keys like any other.
const NO_KEYS = { n: "no", "\u001b": "no", "\u0003": "no", "\u0004": "no" } as const;

const MAY_RUN: Keys<"once" | "run" | "no"> = {
  by: { o: "once", r: "run", ...NO_KEYS },
  said: { once: "once", run: "for this run", no: "no" },
};

const GO_ON: Keys<"yes" | "no"> = { by: { y: "yes", ...NO_KEYS }, said: { yes: "yes", no: "no" } };

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

  async askToGoOn(what: string, signal: AbortSignal): Promise<"yes" | "no" | "unanswered"> {
    const descriptor = openTerminal(this.#options.path);
    if (descriptor === undefined) return "unanswered";
    writeAll(descriptor, goOnText(what, this.#options.color));
    return await this.#readKey(descriptor, GO_ON, signal);
  }

  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    const descriptor = openTerminal(this.#options.path);
    if (descriptor === undefined) return "unanswered";
    const columns = process.stdout.columns || USUAL_COLUMNS;
    const text = questionText(question, { color: this.#options.color, columns });
    // What can't be read whole can't be judged.
    if (text === undefined) {
      writeAll(descriptor, "\nbailiwick: refused without asking: it is too long to be read\n");
      closeSync(descriptor);
      return "no";
    }
    writeAll(descriptor, text);
    return await this.#readKey(descriptor, MAY_RUN, signal);
  }

  async #readKey<T extends string>(descriptor: number, keys: Keys<T>, signal: AbortSignal): Promise<T | "unanswered"> {
    const input = new ReadStream(descriptor);
    input.setRawMode(true);
    const askedAt = performance.now();
    try {
      const answer = await this.#firstKey(input, { askedAt, keys }, signal);
      writeAll(descriptor, `${answer === "unanswered" ? "no (unanswered)" : keys.said[answer]}\n`);
      return answer;
    } finally {
      if (!input.destroyed) input.setRawMode(false);
      input.destroy();
    }
  }

  async #firstKey<T extends string>(
    input: ReadStream,
    { askedAt, keys }: { readonly askedAt: number; readonly keys: Keys<T> },
    signal: AbortSignal,
  ): Promise<T | "unanswered"> {
    const { patienceMs, settleMs } = this.#options;
    const { promise, resolve } = Promise.withResolvers<T | "unanswered">();
    const giveUp = (): void => {
      resolve("unanswered");
    };
    const patience = setTimeout(giveUp, patienceMs);
    signal.addEventListener("abort", giveUp);
    // A terminal that is gone ends or errors, depending on the kernel's mood.
    input.on("end", giveUp).on("error", giveUp);
    input.on("data", (pressed) => {
      if (performance.now() - askedAt < settleMs) return;
      // More than one character at once is a paste or an escape sequence, never a key that was meant.
      const given = keys.by[pressed.toString("utf8").toLowerCase()];
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
