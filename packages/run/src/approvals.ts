import { createHash } from "node:crypto";
import type { AskedHost } from "@bailiwick/base";
import type { ExecRequest, Decision } from "@bailiwick/policy";

export type Answer = "once" | "run" | "no" | "unanswered";

/** What a person is asked: whether a command may run, or something may go to a host. */
export type Question = ExecQuestion | HostQuestion;

export interface ExecQuestion {
  readonly kind: "exec";
  readonly exec: number;
  /** The process that asks, as seen on the host. */
  readonly pid: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Path and digest of every file that would run, in the kernel's order. */
  readonly files: readonly { readonly path: string; readonly digest: string }[];
  readonly decision: Decision;
}

/** May this connection be made, or this request be sent? */
export interface HostQuestion {
  readonly kind: "host";
  /** The process that connected; undefined: it is not known. */
  readonly exec: number | undefined;
  readonly pid: number | undefined;
  /** Its command; empty when it is not known. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly about: AskedHost;
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
  /** Whether the run, which stands still, may go on. @param what why it stands still, in one line; answers as {@link ask} does */
  askToGoOn(what: string, signal: AbortSignal): Promise<"yes" | "no" | "unanswered">;
}

/** An answer, and whose it is; for the record. */
export interface Answered {
  readonly answer: Answer;
  readonly by: string;
}

/** An answer, and what the person was shown: with a yes for the run it may be an earlier question's. */
export interface Settled extends Answered {
  readonly bound: string;
}

/** Others who can be asked, elsewhere: at the server of this host. */
export interface QuestionDesk {
  /**
   * Never rejects; undefined when nobody answered in time, nobody can be asked, or `signal` aborted: then the question is taken back.
   * Answers are bound to `bound` and nothing else.
   */
  put(question: Question, bound: string, signal: AbortSignal): Promise<Answered | undefined>;
}

/** What an approval is bound to, and nothing else: argv of every link, directory, file digests, policy set. */
export function bindingOf(request: ExecRequest, policyDigest: string): string {
  const links = request.links.map(({ program, argv }) => [program.path, program.digest, argv]);
  return digestOf(["bailiwick approval 1", links, request.cwd, policyDigest]);
}

/** The same of what would go to a host: all that is shown of it. */
export function hostBindingOf({ about, argv, cwd, decision }: HostQuestion): string {
  const { host, port, request, leaks = [] } = about;
  const sent = request && [
    ...[request.method, request.path, request.query, request.sizeBytes, request.contentType],
    request.credential ?? "",
  ];
  const found = leaks.map(({ kind, what, sample }) => [kind, what, sample]);
  return digestOf(["bailiwick host approval 1", host, port, sent, found, argv, cwd, decision.policyDigest]);
}

/**
 * What a yes for the run covers: this host, method and path, with this credential, where the same policies ask and nothing else was found than what
 * the person was shown.
 */
export function hostReachOf({ about, decision }: HostQuestion): string {
  const { host, port, request, leaks = [] } = about;
  const sent = request && [request.method, request.path, request.credential ?? ""];
  const kinds = [...new Set(leaks.map(({ kind, what }) => `${kind} ${what}`))].sort();
  const { policies, policyDigest } = decision;
  return digestOf(["bailiwick host approval for a run 1", host, port, sent, kinds, policies, policyDigest]);
}

function digestOf(parts: readonly unknown[]): string {
  return `sha256:${createHash("sha256").update(JSON.stringify(parts)).digest("hex")}`;
}

/** A search in PATH tries the next directory after a refusal, and there may be the same program: so long a no stands for it too. */
const SAME_ATTEMPT_MS = 1_000;

/** Answers that a person's "for this run" covers; more than a person ever gives. */
const MOST_ANSWERS = 10_000;

/** What of a person at a terminal questions about commands and hosts need. */
type TerminalPart = Omit<Approver, "askToGoOn">;

/**
 * Asks the person at the terminal, one question at a time, and those at the desk, at once; whoever answers first is who answered. Remembers
 * what was permitted for the whole run, by its binding.
 */
export class Approvals {
  readonly #approver: TerminalPart | undefined;
  readonly #desk: QuestionDesk | undefined;
  /** By what a yes for the run covers. */
  readonly #forThisRun = new Map<string, Settled>();
  /** Questions that are open, by the same: a yes for the run answers all that it covers. */
  readonly #open = new Map<string, Set<(settled: Settled) => void>>();
  /** How many questions people were asked. */
  asked = 0;
  #lastNo: { readonly bound: string; readonly pid: number; readonly at: number; readonly by: string } | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(approver: TerminalPart | undefined, desk: QuestionDesk | undefined) {
    this.#approver = approver;
    this.#desk = desk;
  }

  /** Whether there is anybody who may answer a question for this role. At the desk, whether anybody has it is known there. */
  answersFor(role: string | undefined): boolean {
    return this.#desk !== undefined || this.#isAtTerminal(role);
  }

  /** Why nobody answers for a role. */
  nobodyFor(role: string | undefined): string {
    return `${this.#approver?.by ?? "nobody"} is not ${role ?? ""}`;
  }

  /** Who has just told this very process no to the very same: then it is the same attempt, and not asked again. */
  whoSaidNo(bound: string, pid: number): string | undefined {
    const last = this.#lastNo;
    const isSame = last?.bound === bound && last.pid === pid && performance.now() - last.at < SAME_ATTEMPT_MS;
    return isSame ? last.by : undefined;
  }

  /** @param reach what a yes for the run covers: for a command, what it is bound to */
  async ask(question: Question, bound: string, signal: AbortSignal, reach = bound): Promise<Settled> {
    const before = this.#forThisRun.get(reach);
    if (before !== undefined) return before;
    const over = new AbortController();
    const both = AbortSignal.any([signal, over.signal]);
    const { promise: same, resolve } = Promise.withResolvers<Settled>();
    const open = this.#open.get(reach) ?? new Set();
    this.#open.set(reach, open.add(resolve));
    try {
      const nobody = { answer: "unanswered", by: this.#approver?.by ?? "" } as const;
      const asked = [this.#atTerminal(question, both), this.#desk?.put(question, bound, both)];
      this.#countIfAsked(question);
      const own = firstAnswer(asked, nobody).then((answered) => ({ ...answered, bound }));
      const settled = await Promise.race([same, own]);
      this.#remember(question, reach, settled);
      return settled;
    } finally {
      over.abort();
      open.delete(resolve);
      if (open.size === 0) this.#open.delete(reach);
    }
  }

  #isAtTerminal(role: string | undefined): boolean {
    return this.#approver !== undefined && (role === undefined || this.#approver.roles.includes(role));
  }

  /** Who is asked at the terminal is counted when their turn comes. */
  #countIfAsked({ decision }: Question): void {
    if (this.#desk !== undefined || !this.#isAtTerminal(decision.approver)) this.asked++;
  }

  async #atTerminal(question: Question, signal: AbortSignal): Promise<Answered | undefined> {
    const approver = this.#approver;
    if (approver === undefined || !this.#isAtTerminal(question.decision.approver)) return undefined;
    const answer = this.#turn.then(async (): Promise<Answer> => {
      if (signal.aborted) return "unanswered";
      if (this.#desk === undefined) this.asked++;
      return await approver.ask(question, signal);
    });
    // The next question waits for this one, however it ended.
    this.#turn = answer.then(
      () => undefined,
      () => undefined,
    );
    return { answer: await answer, by: approver.by };
  }

  #remember({ pid }: Question, reach: string, settled: Settled): void {
    const { answer, by, bound } = settled;
    if (answer === "no" && pid !== undefined) this.#lastNo = { bound, pid, at: performance.now(), by };
    if (answer !== "run" || this.#forThisRun.size >= MOST_ANSWERS) return;
    this.#forThisRun.set(reach, settled);
    for (const resolve of this.#open.get(reach) ?? []) resolve(settled);
  }
}

/** The first that is one; when there is none, that nobody answered. */
async function firstAnswer(
  asked: readonly (Promise<Answered | undefined> | undefined)[],
  nobody: Answered,
): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<Answered>();
  const each = asked.map(async (one) => {
    const answered = await one;
    if (answered !== undefined && answered.answer !== "unanswered") resolve(answered);
  });
  Promise.all(each).then(() => {
    resolve(nobody);
  }, reject);
  return await promise;
}
