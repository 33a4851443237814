import { createHash } from "node:crypto";
import type { ExecRequest, Decision } from "@bailiwick/policy";

export type Answer = "once" | "run" | "no" | "unanswered";

/** What a person is asked. */
export interface Question {
  readonly exec: number;
  /** The process that asks, as seen on the host. */
  readonly pid: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Path and digest of every file that would run, in the kernel's order. */
  readonly files: readonly { readonly path: string; readonly digest: string }[];
  readonly decision: Decision;
}

/** The one who can be asked. */
export interface Approver {
  /** The person's name, for the record. */
  readonly by: string;
  /** The roles (`@ask("role")`) that the person answers for. */
  readonly roles: readonly string[];
  /** Never rejects; `unanswered` when `signal` aborts, when the terminal is gone, or after the approver's own patience. */
  ask(question: Question, signal: AbortSignal): Promise<Answer>;
}

/** What an approval is bound to, and nothing else: argv of every link, directory, file digests, policy set. */
export function bindingOf(request: ExecRequest, policyDigest: string): string {
  const links = request.links.map(({ program, argv }) => [program.path, program.digest, argv]);
  const text = JSON.stringify(["bailiwick approval 1", links, request.cwd, policyDigest]);
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** A search in PATH tries the next directory after a refusal, and there may be the same program: so long a no stands for it too. */
const SAME_ATTEMPT_MS = 1_000;

/** Answers that a person's "for this run" covers; more than a person ever gives. */
const MOST_ANSWERS = 10_000;

/**
 * Asks one question at a time and remembers what was permitted for the whole run, by its binding. Equal questions that wait
 * behind one another are each asked again, unless the first answer was for the run.
 */
export class Approvals {
  readonly #approver: Approver;
  readonly #forThisRun = new Set<string>();
  /** How many questions a person was shown. */
  asked = 0;
  #lastNo: { readonly bound: string; readonly pid: number; readonly at: number } | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(approver: Approver) {
    this.#approver = approver;
  }

  get by(): string {
    return this.#approver.by;
  }

  /** Whether there is anybody who may answer a question for this role. */
  answersFor(role: string | undefined): boolean {
    return role === undefined || this.#approver.roles.includes(role);
  }

  /** Whether this very process was just told no to the very same: then it is the same attempt, and not asked again. */
  isSameAttempt(bound: string, pid: number): boolean {
    const last = this.#lastNo;
    return last?.bound === bound && last.pid === pid && performance.now() - last.at < SAME_ATTEMPT_MS;
  }

  async ask(question: Question, bound: string, signal: AbortSignal): Promise<Answer> {
    const answer = this.#turn.then(async (): Promise<Answer> => {
      if (this.#forThisRun.has(bound)) return "run";
      if (signal.aborted) return "unanswered";
      this.asked++;
      const given = await this.#approver.ask(question, signal);
      if (given === "no") this.#lastNo = { bound, pid: question.pid, at: performance.now() };
      if (given === "run" && this.#forThisRun.size < MOST_ANSWERS) this.#forThisRun.add(bound);
      return given;
    });
    // The next question waits for this one, however it ended.
    this.#turn = answer.then(
      () => undefined,
      () => undefined,
    );
    return await answer;
  }
}
