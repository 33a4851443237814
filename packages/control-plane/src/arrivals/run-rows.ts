import { basename } from "node:path";
import type { Event } from "@bailiwick/audit";
import type { RunRow } from "../store/tables.ts";

/** What a batch says of a run; members that it says nothing of are null. */
export type RunChange = Omit<RunRow, "erased"> & { erased: boolean };

/** What the events of one batch change in the list of runs. */
export class RunChanges {
  readonly #changes = new Map<string, RunChange>();

  get all(): readonly RunChange[] {
    return [...this.#changes.values()];
  }

  /** @param event undefined when it is of a form that this version does not know */
  add(place: { readonly host: number; readonly seq: number; readonly run: string }, event: Event | undefined): void {
    const key = `${String(place.host)} ${place.run}`;
    const change = this.#changes.get(key) ?? empty(place);
    this.#changes.set(key, change);
    change.entries += 1;
    if (event?.type === "run.started") {
      change.started_at = event.at;
      change.name = event.name ?? null;
      change.agent = event.agent;
      change.project = basename(event.workspace);
      change.profile = event.profile.name;
      change.command = [...event.command.values];
      change.labels = [...(event.labels ?? [])];
    } else if (event?.type === "run.ended") {
      change.ended_at = event.at;
      change.status = event.status;
      change.reason = event.reason;
    } else if (event?.type === "run.erased") {
      change.erased = true;
    }
  }
}

function empty({ host, seq, run }: { host: number; seq: number; run: string }): RunChange {
  return {
    host,
    id: run,
    first_seq: seq,
    entries: 0,
    started_at: null,
    ended_at: null,
    name: null,
    agent: "",
    project: "",
    profile: "",
    command: [],
    labels: [],
    status: null,
    reason: null,
    erased: false,
  };
}
