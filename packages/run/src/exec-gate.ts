import type { NewEvent } from "@bailiwick/audit";
import { BailiwickError } from "@bailiwick/base";
import type { Decider, Decision, ExecRequest } from "@bailiwick/policy";
import type { ExecEnd, ExecNotice, SupervisionHandlers, Verdict } from "@bailiwick/sandbox";
import { bindingOf, type Approvals, type Settled } from "./approvals.ts";
import { answered, unasked, whyNobody, type Askable } from "./ask-outcomes.ts";
import { execEvent, linkOf, UNREADABLE } from "./exec-events.ts";
import type { ExecFacts, ExecInspector } from "./exec-inspector.ts";
import type { Origin, StartedExec } from "./provenance.ts";
import type { Recorder } from "./recorder.ts";
import { refusalMessage } from "./refusal-message.ts";
import type { Refusal } from "./run-types.ts";

export interface ExecGateOptions {
  readonly inspector: ExecInspector;
  readonly decider: Decider;
  readonly recorder: Recorder;
  readonly approvals: Askable;
  /** Where nothing is looked into, no model is heard: then there are none. */
  readonly origins: ExecOrigins | undefined;
  readonly now: () => number;
  /** @see SupervisionHandlers.onRenewed; it is recorded already */
  readonly onRenewed: (path: string, made: boolean) => void;
  /** The supervision itself is broken: the run has to end. */
  readonly onBroken: (reason: "tampering" | "supervisor", detail: string) => void;
}

export interface ExecOrigins {
  /** Once for each exec, as it is recorded. */
  readonly of: (started: StartedExec) => Origin;
  /** Resolves when what models have answered so far is read; undefined when it is. */
  readonly settled: () => Promise<void> | undefined;
}

/** What of supervision is about execs, and what they run. */
type ExecHandlers = Omit<SupervisionHandlers, "onOutput" | "onSize">;

/** Answers the launcher: finds out what would run, has it decided, records it. Keeps nothing of an exec that has ended. */
export class ExecGate implements ExecHandlers {
  readonly #options: ExecGateOptions;
  /** Live execs and when they started. */
  readonly #live = new Map<number, number>();
  /** Repeated verdicts that are still being recorded, and questions that are open: an end has to come after. */
  readonly #unrecorded = new Map<number, Promise<unknown>>();
  readonly #questions = new Map<number, AbortController>();
  /** The first few, for a summary. */
  readonly refusals: Refusal[] = [];
  readonly #counts = { execs: 0, refused: 0 };
  /** When the last exec was asked about; on the clock of performance.now(). */
  lastExecAt = performance.now();

  constructor(options: ExecGateOptions) {
    this.#options = options;
  }

  get counts(): { readonly execs: number; readonly refused: number; readonly asked: number } {
    const { approvals } = this.#options;
    return { ...this.#counts, asked: "nobody" in approvals ? 0 : approvals.asked };
  }

  /** How many execs are going on. */
  get live(): number {
    return this.#live.size;
  }

  onExec(notice: ExecNotice): Verdict | Promise<Verdict> {
    this.lastExecAt = performance.now();
    const unread = this.#options.origins?.settled();
    if (notice.decided) return this.#recordRepeated(notice, unread);
    return unread === undefined ? this.#answer(notice) : unread.then(() => this.#answer(notice));
  }

  #answer(notice: ExecNotice): Verdict | Promise<Verdict> {
    let verdict: MaybeLate<Verdict>;
    try {
      const facts = this.#options.inspector.inspect(notice);
      verdict =
        facts instanceof Promise ? facts.then((known) => this.#decide(notice, known)) : this.#decide(notice, facts);
    } catch (error) {
      verdict = this.#refuseUnknown(notice, error);
    }
    // The commonest answers are there at once, and then nothing waits for a turn of the event loop.
    if (!(verdict instanceof Promise)) return verdict;
    return verdict.catch((error: unknown) => this.#refuseUnknown(notice, error));
  }

  onEnd(end: ExecEnd): void {
    this.#questions.get(end.id)?.abort();
    const unrecorded = this.#unrecorded.get(end.id);
    if (unrecorded)
      void unrecorded.then(() => {
        this.#recordEnd(end);
      });
    else this.#recordEnd(end);
  }

  onTampered(id: number, pid: number, detail: string): void {
    this.#options.recorder.note({ type: "exec.tampered", at: this.#options.now(), exec: id, pid, detail });
    this.#options.onBroken("tampering", detail);
  }

  onRenewed(path: string, made: boolean): void {
    this.#options.recorder.note({ type: "protection.renewed", at: this.#options.now(), path, made });
    this.#options.onRenewed(path, made);
  }

  /** Answers every open question with no: the run is ending. */
  close(): void {
    for (const question of this.#questions.values()) question.abort();
  }

  #decide(notice: ExecNotice, facts: ExecFacts): Verdict | Promise<Verdict> {
    const decision = this.#options.decider.decide(facts.request);
    if (decision instanceof Promise) return decision.then((made) => this.#act(notice, facts, made));
    return this.#act(notice, facts, decision);
  }

  #act(notice: ExecNotice, facts: ExecFacts, decision: Decision): Verdict | Promise<Verdict> {
    switch (decision.outcome) {
      case "allow":
        return this.#allow(notice, facts, decision);
      case "deny":
        return this.#refuse(notice, facts.request, decision);
      case "ask":
        return this.#ask(notice, facts, decision);
    }
  }

  /** The record need not be durable yet: the log keeps the order, so it will be before the exec's end is. */
  #allow(notice: ExecNotice, facts: ExecFacts, decision: Decision): Verdict | Promise<Verdict> {
    const { recorder } = this.#options;
    if (recorder.mode === "lost") return LOST;
    this.#counts.execs++;
    // An approved exec starts when it was approved, not when it asked.
    this.#live.set(notice.id, facts.request.approved ? this.#options.now() : notice.at);
    const reuse = facts.stable && !facts.request.approved ? REUSE[decision.scope] : "never";
    const written = recorder.append(this.#event("exec.allowed", notice, facts.request, decision));
    if (recorder.crowded) return written.then((kept) => (kept ? { allow: true, reuse } : LOST));
    return { allow: true, reuse };
  }

  async #refuse(notice: ExecNotice, request: ExecRequest, decision: Decision): Promise<Verdict> {
    this.#counts.refused++;
    const { reason, policies } = decision;
    if (this.refusals.length < KEPT_REFUSALS)
      this.refusals.push({ argv: notice.files[0].argv.map(shorten), reason, policies });
    await this.#options.recorder.appendNow(this.#event("exec.refused", notice, request, decision));
    return { allow: false, message: refusalMessage(decision) };
  }

  async #ask(notice: ExecNotice, facts: ExecFacts, decision: Decision): Promise<Verdict> {
    const { approvals, decider, now, recorder } = this.#options;
    const nobody = whyNobody(approvals, decision.approver);
    if (nobody !== undefined || "nobody" in approvals)
      return await this.#refuse(notice, facts.request, unasked(decision, nobody ?? ""));
    const bound = bindingOf(facts.request, decider.policyDigest);
    const saidNo = approvals.whoSaidNo(bound, notice.pid);
    if (saidNo !== undefined) return await this.#refuse(notice, facts.request, answered(decision, "no", saidNo));
    const { answer, by } = await this.#question(notice, facts.request, { decision, bound, approvals });
    recorder.note({ type: "approval", at: now(), exec: notice.id, answer, by, bound });
    if (answer !== "once" && answer !== "run") {
      return await this.#refuse(notice, facts.request, answered(decision, answer, by));
    }
    const approved: ExecFacts = { request: { ...facts.request, approved: true }, stable: false };
    const final = { ...(await decider.decide(approved.request)), approver: decision.approver };
    // A yes can't lift what was never a question.
    if (final.outcome === "allow") return await this.#allow(notice, approved, final);
    return await this.#refuse(notice, approved.request, { ...final, outcome: "deny" });
  }

  async #question(
    notice: ExecNotice,
    request: ExecRequest,
    { decision, bound, approvals }: { decision: Decision; bound: string; approvals: Approvals },
  ): Promise<Settled> {
    const controller = new AbortController();
    this.#questions.set(notice.id, controller);
    try {
      const files = request.links.map(({ program }) => ({ path: program.path, digest: program.digest }));
      const question = {
        kind: "exec" as const,
        exec: notice.id,
        pid: notice.pid,
        argv: notice.files[0].argv,
        cwd: notice.cwd,
        files,
        decision,
      };
      return await approvals.ask(question, bound, controller.signal);
    } finally {
      this.#questions.delete(notice.id);
    }
  }

  /** The launcher repeated a verdict by itself. It is decided here once more: should it be anything but a yes, the launcher was wrong. */
  #recordRepeated(notice: ExecNotice, unread: Promise<void> | undefined): Verdict {
    this.#counts.execs++;
    this.#live.set(notice.id, notice.at);
    try {
      const facts = this.#options.inspector.inspect(notice);
      const made =
        facts instanceof Promise || unread !== undefined
          ? this.#decideLate(facts, unread)
          : { facts, decision: this.#options.decider.decide(facts.request) };
      if (!(made instanceof Promise) && !(made.decision instanceof Promise))
        this.#recordSame(notice, made.facts, made.decision);
      else this.#recordLate(notice, made);
    } catch (error) {
      this.#breakOff(error);
    }
    return REPEATED;
  }

  async #decideLate(
    facts: MaybeLate<ExecFacts>,
    unread: Promise<void> | undefined,
  ): Promise<{ readonly facts: ExecFacts; readonly decision: Decision }> {
    const known = await facts;
    await unread;
    return { facts: known, decision: await this.#options.decider.decide(known.request) };
  }

  #recordLate(
    notice: ExecNotice,
    made: MaybeLate<{ readonly facts: ExecFacts; readonly decision: MaybeLate<Decision> }>,
  ): void {
    const late = Promise.resolve(made)
      .then(async ({ facts, decision }) => {
        this.#recordSame(notice, facts, await decision);
      })
      .catch((error: unknown) => {
        this.#breakOff(error);
      })
      .finally(() => this.#unrecorded.delete(notice.id));
    this.#unrecorded.set(notice.id, late);
  }

  #recordSame(notice: ExecNotice, facts: ExecFacts, decision: Decision): void {
    this.#options.recorder.note(this.#event("exec.allowed", notice, facts.request, decision));
    if (decision.outcome === "allow") return;
    const detail = `the launcher repeated a verdict for \`${notice.files[0].path}\` that does not hold`;
    this.#options.onBroken("supervisor", detail);
  }

  #breakOff(error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#options.onBroken("supervisor", `cannot record an exec: ${why}`);
  }

  #recordEnd(end: ExecEnd): void {
    const startedAt = this.#live.get(end.id);
    if (startedAt === undefined) return;
    this.#live.delete(end.id);
    this.#options.recorder.note({
      type: "exec.ended",
      at: end.at,
      exec: end.id,
      ...(end.status !== undefined && { status: end.status }),
      ...(end.signal !== undefined && { signal: end.signal }),
      ...(end.replacedBy !== undefined && { replacedBy: end.replacedBy }),
      ...(end.failed !== undefined && { failed: end.failed }),
      ...(end.cpuMs !== undefined && { cpuMs: end.cpuMs }),
      wallMs: Math.max(0, end.at - startedAt),
    });
  }

  #event(
    type: "exec.allowed" | "exec.refused",
    notice: ExecNotice,
    request: ExecRequest,
    decision: Decision,
  ): NewEvent {
    const { id: exec, parent, files } = notice;
    const refused = type === "exec.refused";
    const origin = this.#options.origins?.of({ exec, parent, argv: files[0].argv, refused });
    return execEvent(type, notice, { request, decision, origin });
  }

  /** A failure before the decision is a refusal, recorded with its cause. */
  async #refuseUnknown(notice: ExecNotice, error: unknown): Promise<Verdict> {
    const cause = error instanceof Error ? error.message : String(error);
    const reason = error instanceof BailiwickError ? cause : "bailiwick could not decide about it";
    const links = notice.files.map((file) => linkOf(file, UNREADABLE, { names: [], inWorkspace: false }));
    const decision: Decision = {
      outcome: "deny",
      policies: [],
      reason,
      instead: error instanceof BailiwickError ? error.remedy : undefined,
      approver: undefined,
      policyDigest: this.#options.decider.policyDigest,
      scope: "once",
      failure: cause,
    };
    return await this.#refuse(notice, this.#options.inspector.requestFor(notice, links), decision);
  }
}

const KEPT_REFUSALS = 10;
const KEPT_CHARACTERS = 200;

function shorten(text: string): string {
  return text.length <= KEPT_CHARACTERS ? text : `${text.slice(0, KEPT_CHARACTERS)}…`;
}

type MaybeLate<T> = T | Promise<T>;

const REUSE = { program: "program", exact: "exact", once: "never" } as const;
const REPEATED: Verdict = { allow: true, reuse: "never" };
const LOST: Verdict = { allow: false, message: "bailiwick: refused: the record of this run cannot be written" };
