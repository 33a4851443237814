import type { Decider, Decision, Outcome } from "../types.ts";
import type { RecordedEvent } from "./recorded.ts";
import { RecordedRequests, type RecordedQuestion } from "./requests.ts";

/** Decisions that would be other ones, all for the same reason. */
export interface Change {
  readonly from: Outcome;
  readonly to: Outcome;
  /** What decided then, and what would decide now; empty where no policy permitted. */
  readonly policies: readonly string[];
  readonly reason: string;
  readonly count: number;
  /** The runs they were in. */
  readonly runs: number;
  /** The first few that differ in what they are, oldest first. */
  readonly examples: readonly { readonly run: string; readonly at: number; readonly what: string }[];
}

/** What another policy set would have decided of what a record holds. */
export interface WhatIf {
  readonly policyDigest: string;
  readonly runs: number;
  /** Decisions that were asked for again. */
  readonly decisions: number;
  readonly unchanged: number;
  /** The most frequent first. */
  readonly changes: readonly Change[];
  /** Refused by a profile: no policy was asked. */
  readonly byProfile: number;
  /** The record does not hold enough of them. */
  readonly incomplete: number;
  /** Decided under this very policy set, and otherwise: what the record does not hold made the difference. */
  readonly notReproduced: number;
  /** Questions to a person, equal ones of a run once: then and now, and what that is a day (days on which there were runs). */
  readonly questions: {
    readonly before: number;
    readonly after: number;
    readonly perDay: number;
    readonly days: number;
  };
}

export interface WhatIfOptions {
  readonly decider: Decider;
  /** What to compare with; undefined: what the record says was decided. */
  readonly baseline: Decider | undefined;
}

const EXAMPLES = 3;
const DAY_MS = 86_400_000;

/** Asks a policy set again for all that was decided, in the order of the record. */
export class WhatIfReplay {
  readonly #options: WhatIfOptions;
  readonly #requests = new RecordedRequests();
  readonly #runs = new Set<string>();
  readonly #days = new Set<number>();
  readonly #changes = new Map<string, MutableChange>();
  readonly #asked = { before: new Set<string>(), after: new Set<string>() };
  readonly #counts = { decisions: 0, unchanged: 0, byProfile: 0, incomplete: 0, notReproduced: 0 };

  constructor(options: WhatIfOptions) {
    this.#options = options;
  }

  async take(event: RecordedEvent): Promise<void> {
    this.#runs.add(event.run);
    const question = this.#requests.take(event);
    if (question === undefined) return;
    if (question === "profile") this.#counts.byProfile += 1;
    else if (question === "incomplete") this.#counts.incomplete += 1;
    else await this.#compare(question);
  }

  finish(): WhatIf {
    const changes = [...this.#changes.values()].map(({ runs, ...change }) => ({ ...change, runs: runs.size }));
    const [before, after, days] = [this.#asked.before.size, this.#asked.after.size, this.#days.size];
    return {
      policyDigest: this.#options.decider.policyDigest,
      runs: this.#runs.size,
      ...this.#counts,
      changes: changes.sort((one, other) => other.count - one.count),
      questions: { before, after, perDay: days === 0 ? 0 : after / days, days },
    };
  }

  async #compare(question: RecordedQuestion): Promise<void> {
    const { decider, baseline } = this.#options;
    const { request, decision: recorded } = question;
    this.#counts.decisions += 1;
    this.#days.add(Math.floor(question.at / DAY_MS));
    const after = await decider.decide(request);
    const decided = recorded.approver === undefined ? recorded : { ...recorded, outcome: "ask" as const };
    const before = baseline === undefined ? decided : await baseline.decide(request);
    if (recorded.policyDigest === decider.policyDigest && decided.outcome !== after.outcome)
      this.#counts.notReproduced += 1;
    for (const [asked, { outcome }] of [
      [this.#asked.before, before],
      [this.#asked.after, after],
    ] as const) {
      if (outcome === "ask")
        asked.add(JSON.stringify([question.run, question.what, "cwd" in request ? request.cwd : ""]));
    }
    if (before.outcome === after.outcome) this.#counts.unchanged += 1;
    else this.#note(question, before, after);
  }

  #note(
    question: RecordedQuestion,
    before: { readonly outcome: Outcome; readonly policies: readonly string[] },
    after: Decision,
  ): void {
    const { what, run, at } = question;
    // A permission that went away has no policy of its own: then what permitted before tells the groups apart.
    const policies = after.policies.length > 0 ? after.policies : before.policies;
    const key = JSON.stringify([before.outcome, after.outcome, policies]);
    const change = this.#changes.get(key) ?? startOf(before.outcome, after, policies);
    this.#changes.set(key, change);
    change.count += 1;
    change.runs.add(run);
    if (change.examples.length >= EXAMPLES || change.examples.some((example) => example.what === what)) return;
    change.examples.push({ run, at, what });
  }
}

interface MutableChange extends Omit<Change, "runs" | "examples" | "count"> {
  count: number;
  readonly runs: Set<string>;
  readonly examples: { run: string; at: number; what: string }[];
}

function startOf(from: Outcome, { outcome, reason }: Decision, policies: readonly string[]): MutableChange {
  return { from, to: outcome, policies, reason, count: 0, runs: new Set(), examples: [] };
}
