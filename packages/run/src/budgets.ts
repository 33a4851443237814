import type { EventOf, NewEvent } from "@bailiwick/audit";
import type { Profile } from "@bailiwick/sandbox";
import type { Approver } from "./approvals.ts";

export type BudgetName = EventOf<"budget.spent">["budget"];
type Counted = Exclude<BudgetName, "repeats">;

export interface BudgetsOptions {
  readonly budgets: Profile["budgets"];
  readonly currency: string;
  /** Who is asked; or why there is nobody: then what would be a question is an end. */
  readonly approver: Approver | { readonly nobody: string };
  /** Stops everything inside; what it gives lets it go on. */
  readonly freeze: () => () => void;
  readonly record: (event: NewEvent) => void;
  readonly say: (text: string) => void;
  readonly end: (detail: string) => void;
  readonly now: () => number;
}

/** A budget that is used up, for the summary. */
export type SpentBudget = Pick<EventOf<"budget.spent">, "budget" | "limit" | "used" | "came">;

/**
 * Counts what a run uses up. What goes over a budget ends the run, or freezes it until somebody says whether it may go on; a yes lets it use as much
 * again. While one question is open no other is asked: the run stands still.
 */
export class Budgets {
  readonly #options: BudgetsOptions;
  readonly #used: Record<Counted, number> = { tokens: 0, money: 0, requests: 0, bytes: 0, wall: 0 };
  /** As the profile has them, and as they are now. */
  readonly #first: Readonly<Record<Counted, number | undefined>>;
  readonly #limits: Record<Counted, number | undefined>;
  readonly #closing = new AbortController();
  readonly #spent: SpentBudget[] = [];
  #isAsking = false;
  #isOver = false;

  constructor(options: BudgetsOptions) {
    this.#options = options;
    const { tokens, moneyMicros: money, requests, bytes, wallMs: wall } = options.budgets;
    this.#first = { tokens, money, requests, bytes, wall };
    this.#limits = { ...this.#first };
  }

  /** Each time that one was used up; a repeated call is told once for each time that it was noticed. */
  get spent(): readonly SpentBudget[] {
    return this.#spent;
  }

  has(budget: Counted): boolean {
    return this.#limits[budget] !== undefined;
  }

  /** @param amount undefined: nobody knows how much, so it may have been anything */
  use(budget: Counted, amount: number | undefined): void {
    const limit = this.#limits[budget];
    this.#used[budget] += amount ?? (limit ?? 0) + 1;
    this.#check(budget);
  }

  /** For what is measured and not counted. @param amount in all */
  measured(budget: Counted, amount: number): void {
    this.#used[budget] = Math.max(this.#used[budget], Math.round(amount));
    this.#check(budget);
  }

  /** The same call has failed so often in a row; told at each multiple of what the profile says. */
  repeated(failures: number, call: number): void {
    const { repeats, whenRepeating } = this.#options.budgets;
    if (failures % repeats !== 0 || this.#isOver) return;
    const facts = { budget: "repeats", limit: repeats, used: failures, call } as const;
    const what = `the same call of a tool failed ${String(failures)} times in a row`;
    if (whenRepeating === "tell") {
      this.#note({ ...facts, came: "told" });
      this.#options.say(what);
    } else if (whenRepeating === "end") this.#end(facts, what);
    else void this.#ask(facts, what);
  }

  /** The run is over: an open question is answered by that. */
  close(): void {
    this.#isOver = true;
    this.#closing.abort();
  }

  #check(budget: Counted): void {
    const limit = this.#limits[budget];
    const used = this.#used[budget];
    if (limit === undefined || used <= limit || this.#isOver || this.#isAsking) return;
    const facts = { budget, limit, used };
    const what = `the budget is spent: ${this.#amount(budget, used)} of ${this.#amount(budget, limit)}`;
    if (this.#options.budgets.whenSpent === "end") this.#end(facts, what);
    else void this.#ask(facts, what);
  }

  async #ask(facts: Omit<SpentBudget, "came"> & { readonly call?: number }, what: string): Promise<void> {
    const { approver, freeze } = this.#options;
    if ("nobody" in approver) {
      this.#end(facts, `${what} (nobody to ask: ${approver.nobody})`);
      return;
    }
    if (this.#isAsking) return;
    this.#isAsking = true;
    const thaw = freeze();
    const answer = await approver.askToGoOn(what, this.#closing.signal).catch(() => "unanswered" as const);
    this.#isAsking = false;
    if (this.#isOver) return;
    if (answer !== "yes") {
      this.#end(
        { ...facts, by: approver.by },
        `${what} (asked, and ${answer === "no" ? `${approver.by} said no` : "nobody answered"})`,
      );
      return;
    }
    if (facts.budget !== "repeats") this.#extend(facts.budget);
    this.#note({ ...facts, came: "extended", by: approver.by });
    thaw();
    // What else was spent meanwhile is the next question.
    for (const budget of COUNTED) this.#check(budget);
  }

  /** As much again, from what is used now. */
  #extend(budget: Counted): void {
    const again = this.#first[budget];
    if (again !== undefined) this.#limits[budget] = this.#used[budget] + again;
  }

  #end(facts: Omit<SpentBudget, "came"> & { readonly call?: number; readonly by?: string }, what: string): void {
    this.#isOver = true;
    this.#note({ ...facts, came: "ended" });
    this.#options.end(what);
  }

  #note(facts: SpentBudget & { readonly call?: number; readonly by?: string }): void {
    const { budget, limit, used, came } = facts;
    this.#spent.push({ budget, limit, used, came });
    this.#options.record({ type: "budget.spent", at: this.#options.now(), ...facts });
  }

  #amount(budget: Counted, value: number): string {
    switch (budget) {
      case "tokens":
      case "requests":
      case "bytes":
        return `${String(value)} ${budget}`;
      case "money":
        return `${(value / 1e6).toFixed(4)} ${this.#options.currency}`;
      case "wall":
        return `${String(Math.round(value / 1000))} s`;
    }
  }
}

const COUNTED: readonly Counted[] = ["tokens", "money", "requests", "bytes", "wall"];
