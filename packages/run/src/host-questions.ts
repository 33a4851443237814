import type { Caller, SentRequestFacts } from "@bailiwick/egress";
import type { EventOf } from "@bailiwick/audit";
import type { ConnectRequest, Decider, Decision, HttpRequest } from "@bailiwick/policy";
import { hostBindingOf, hostReachOf, type HostQuestion, type Settled } from "./approvals.ts";
import { answered, refused, unasked, whyNobody, type Askable } from "./ask-outcomes.ts";
import type { KnownPrograms } from "./known-programs.ts";
import type { Recorder } from "./recorder.ts";
import { loadRedaction, type Redaction } from "./redaction.ts";

/** Connections and requests that wait for an answer at one time; each holds memory and a connection. More are refused. */
const MOST_WAITING = 64;
/** How long one waits at most, its turn included; a client that still waits then has given up in all but name. */
const LONGEST_MS = 10 * 60_000;

export interface HostQuestionsOptions {
  readonly decider: Pick<Decider, "decide" | "policyDigest">;
  readonly approvals: Askable;
  readonly recorder: Pick<Recorder, "note">;
  readonly programs: Pick<KnownPrograms, "of">;
  readonly now: () => number;
  readonly longestMs?: number;
}

type HostRequest = ConnectRequest | HttpRequest;

/** Decides about hosts and requests, and asks people where a policy wants that. The connection waits; nothing of it goes on meanwhile. */
export class HostQuestions {
  readonly #options: HostQuestionsOptions;
  /** Questions that are open, and the exec whose process wants it. */
  readonly #open = new Map<AbortController, number | undefined>();
  #isFrozen = false;

  constructor(options: HostQuestionsOptions) {
    this.#options = options;
  }

  /**
   * May this host be reached? Names are answered from the gateway's own book and nobody outside hears of it: so a name that would be asked about is
   * answered, and the question comes with the connection.
   * @param caller undefined: the name is only being resolved
   */
  connect(request: ConnectRequest, caller: Caller | undefined): Decision | Promise<Decision> {
    const about = { host: request.host, port: request.port };
    return this.#decide(request, async (decision) => {
      if (caller === undefined) return this.#resolve(decision);
      return await this.#ask(request, decision, { about, exec: await caller.owner, gone: caller.gone });
    });
  }

  request(request: HttpRequest, sent: SentRequestFacts): Decision | Promise<Decision> {
    return this.#decide(request, async (decision) => {
      const { method, query, sizeBytes, headers, credential, host, port } = request;
      const contentType = headers.find(([name]) => name === "content-type")?.[1] ?? "";
      const asked = { connection: sent.connection, method, path: sent.path, query: [...query], sizeBytes, contentType };
      const about = {
        ...{ host, port, request: { ...asked, ...(credential !== "" && { credential }) } },
        ...(sent.leaks.length > 0 && { leaks: sent.leaks.map(({ kind, what, sample }) => ({ kind, what, sample })) }),
      };
      return await this.#ask(request, decision, { about, exec: sent.exec, gone: sent.gone });
    });
  }

  /** The run stands still: what waits is refused, and nothing is asked until {@link thaw}. */
  freeze(): void {
    this.#isFrozen = true;
    for (const open of this.#open.keys()) open.abort();
  }

  /**
   * The process of an exec is gone. Its connection says so itself, but not before what it has sent is read; which may be more than is read while
   * somebody is asked.
   */
  execEnded(exec: number): void {
    for (const [open, wants] of this.#open) if (wants === exec) open.abort(GONE);
  }

  thaw(): void {
    this.#isFrozen = false;
  }

  #decide(request: HostRequest, ask: (decision: Decision) => Promise<Decision>): Decision | Promise<Decision> {
    const act = (decision: Decision): Decision | Promise<Decision> =>
      decision.outcome === "ask" ? ask(decision) : decision;
    const decision = this.#options.decider.decide(request);
    return decision instanceof Promise ? decision.then(act) : act(decision);
  }

  #resolve(decision: Decision): Decision {
    const nobody = whyNobody(this.#options.approvals, decision.approver);
    return nobody === undefined ? { ...decision, outcome: "allow" } : unasked(decision, nobody);
  }

  async #ask(request: HostRequest, decision: Decision, wanted: Wanted): Promise<Decision> {
    const { approvals, decider, recorder, now } = this.#options;
    const nobody = whyNobody(approvals, decision.approver);
    if (nobody !== undefined || "nobody" in approvals) return unasked(decision, nobody ?? "");
    if (this.#isFrozen) return refused(decision, "needs a person's yes, and the run stands still");
    if (this.#open.size >= MOST_WAITING) {
      return refused(decision, `needs a person's yes, and ${String(MOST_WAITING)} others wait for one already`);
    }
    const whole = this.#questionOf(decision, wanted);
    const bound = hostBindingOf(whole);
    const saidNo = whole.pid === undefined ? undefined : approvals.whoSaidNo(bound, whole.pid);
    if (saidNo !== undefined) return answered(decision, "no", saidNo);
    const over = new AbortController();
    this.#open.set(over, wanted.exec);
    let about: RecordedHost;
    let settled: Settled;
    try {
      const redact = await loadRedaction();
      about = redacted(wanted.about, redact);
      const question = { ...whole, argv: whole.argv.map(redact), about };
      const tooLong = AbortSignal.timeout(this.#options.longestMs ?? LONGEST_MS);
      const signal = AbortSignal.any([wanted.gone, over.signal, tooLong]);
      settled = await approvals.ask(question, bound, signal, hostReachOf(whole));
    } finally {
      this.#open.delete(over);
    }
    const { answer, by } = settled;
    const whose = wanted.exec !== undefined && { exec: wanted.exec };
    recorder.note({ type: "approval", at: now(), ...whose, answer, by, bound: settled.bound, about });
    if (answer === "no") return answered(decision, answer, by);
    if (answer === "unanswered") return notAnswered(decision, wanted.gone, over.signal);
    const final = { ...(await decider.decide({ ...request, approved: true })), approver: decision.approver };
    // A yes can't lift what was never a question.
    return final.outcome === "allow" ? final : { ...final, outcome: "deny" };
  }

  #questionOf(decision: Decision, { about, exec }: Wanted): HostQuestion {
    const program = this.#options.programs.of(exec);
    const { pid, argv = [], cwd = "" } = program ?? {};
    return { kind: "host", exec, pid, argv, cwd, about, decision };
  }
}

type RecordedHost = NonNullable<EventOf<"approval">["about"]>;

interface Wanted {
  readonly about: RecordedHost;
  readonly exec: number | undefined;
  readonly gone: AbortSignal;
}

/** It goes to a screen and to a server: a secret that is about to leak by the path must not do so by the question. What is bound is all of it. */
function redacted(about: RecordedHost, redact: Redaction): RecordedHost {
  const { request } = about;
  return request === undefined ? about : { ...about, request: { ...request, path: redact(request.path) } };
}

const GONE = Symbol("gone");

function notAnswered(decision: Decision, gone: AbortSignal, over: AbortSignal): Decision {
  if (gone.aborted || over.reason === GONE) return refused(decision, "asked, and whoever wanted it has gone");
  return over.aborted ? refused(decision, "asked, and the run was stopped") : answered(decision, "unanswered", "");
}
