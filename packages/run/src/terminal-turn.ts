import type { Sandbox } from "@bailiwick/sandbox";
import type { Answer, Approver, Question } from "./approvals.ts";

/** Asks while the person's terminal is theirs: the command's own screen waits meanwhile. */
export class TerminalTurn implements Approver {
  readonly #approver: Approver;
  readonly #sandbox: () => Pick<Sandbox, "pauseTerminal" | "resumeTerminal"> | undefined;

  constructor(approver: Approver, sandbox: () => Pick<Sandbox, "pauseTerminal" | "resumeTerminal"> | undefined) {
    this.#approver = approver;
    this.#sandbox = sandbox;
  }

  get by(): string {
    return this.#approver.by;
  }

  get roles(): readonly string[] {
    return this.#approver.roles;
  }

  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    return await this.#meanwhile(() => this.#approver.ask(question, signal));
  }

  async askToGoOn(what: string, signal: AbortSignal): Promise<"yes" | "no" | "unanswered"> {
    return await this.#meanwhile(() => this.#approver.askToGoOn(what, signal));
  }

  async #meanwhile<T>(ask: () => Promise<T>): Promise<T> {
    const sandbox = this.#sandbox();
    await sandbox?.pauseTerminal();
    try {
      return await ask();
    } finally {
      sandbox?.resumeTerminal();
    }
  }
}
