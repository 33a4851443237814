import type { NewEvent } from "@bailiwick/audit";
import type { GatewayObserver } from "@bailiwick/egress";
import type { Profile } from "@bailiwick/sandbox";
import type { Approver } from "./approvals.ts";
import { Budgets } from "./budgets.ts";
import { CallOutcomes } from "./call-outcomes.ts";
import { ModelEvents } from "./model-events.ts";
import { type AgentShell, type Origin, Provenance, type StartedExec } from "./provenance.ts";
import type { Recorder } from "./recorder.ts";
import { RepeatedFailures } from "./repeated-failures.ts";

export interface ModelWatchOptions {
  readonly profile: Pick<Profile, "models" | "budgets">;
  readonly shell: AgentShell;
  readonly recorder: Recorder;
  readonly approver: Approver | { readonly nobody: string };
  /** Stops everything inside; what it gives lets it go on. */
  readonly freeze: () => () => void;
  readonly say: (text: string) => void;
  /** A budget is spent: the run has to end. */
  readonly end: (detail: string) => void;
}

/** What is heard of models in a run, and what follows from it: what processes come from, what is used up, what goes round in a circle. */
export class ModelWatch {
  readonly #provenance: Provenance;
  readonly #events: ModelEvents;
  readonly #failures = new RepeatedFailures();
  readonly #outcomes = new CallOutcomes((call, failed) => {
    this.#outcome(call, failed);
  });
  /** Newest calls by the ids of their API, for their results. */
  readonly #ids = new Map<string, number>();
  readonly budgets: Budgets;

  constructor({ profile, shell, recorder, approver, freeze, say, end }: ModelWatchOptions) {
    const { models, budgets } = profile;
    this.#provenance = new Provenance(shell);
    this.budgets = new Budgets({
      budgets,
      currency: models.currency,
      approver,
      freeze,
      record: (event) => recorder.note(event),
      say,
      end,
      now: Date.now,
    });
    this.#events = new ModelEvents({
      recorder,
      provenance: this.#provenance,
      models,
      onUse: ({ tokens, costMicros }) => {
        this.budgets.use("tokens", tokens);
        this.budgets.use("money", costMicros);
      },
    });
  }

  get totals(): ModelEvents["totals"] {
    return this.#events.totals;
  }

  originOf(started: StartedExec): Origin {
    return this.#provenance.originOf(started);
  }

  /** Each event of the run, as it is recorded. */
  note(event: NewEvent): void {
    this.#outcomes.note(event);
    if (event.type === "request.sent") this.budgets.use("requests", 1);
  }

  toolCalled(heard: Parameters<GatewayObserver["toolCalled"]>[0]): void {
    const call = this.#events.toolCalled(heard);
    this.#failures.called(call, `${heard.name} ${heard.digest}`);
    if (heard.id === "") return;
    this.#ids.set(heard.id, call);
    const [oldest] = this.#ids.keys();
    if (this.#ids.size > MOST_IDS && oldest !== undefined) this.#ids.delete(oldest);
  }

  toolsAnswered({ results }: Parameters<GatewayObserver["toolsAnswered"]>[0]): void {
    for (const { id, failed } of results) {
      const call = this.#ids.get(id);
      if (call !== undefined && failed !== undefined) this.#outcome(call, failed);
    }
  }

  modelCalled(heard: Parameters<GatewayObserver["modelCalled"]>[0]): void {
    this.#events.modelCalled(heard);
  }

  #outcome(call: number, failed: boolean): void {
    const failures = failed ? this.#failures.failed(call) : this.#failures.succeeded(call);
    if (failures !== undefined) this.budgets.repeated(failures, call);
  }
}

/** More calls than one answer has. */
const MOST_IDS = 1_024;
