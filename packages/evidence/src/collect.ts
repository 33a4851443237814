/** Reads the runs of a period, each event once. */
import type { LoggedEvent, RunSummary } from "@bailiwick/audit";
import { EXAMPLES, KINDS, PROVEN, type Found, type Kept, type Kind, type Period, type RunFacts } from "./facts.ts";
import type { EvidenceRun } from "./log.ts";

/** Events that are kept whole, of all runs together: no more than a report shows. */
const MOST_KEPT = 1_000;

export interface Selection {
  readonly runs: readonly RunSummary[];
  readonly unattributed: number;
}

/**
 * Runs that went on at some time of the period. One without an end is taken to go on until the end of its last entry's period.
 * @param project a workspace; the runs of this directory and of those below it
 */
export function selectRuns(all: readonly RunSummary[], period: Period, project: string | undefined): Selection {
  const within = all.filter(({ started, ended }) => {
    if (started === undefined) return false;
    // Either may be the later one: a host's clock can be put back.
    const [first, last] = [Math.min(started.at, ended?.at ?? started.at), Math.max(started.at, ended?.at ?? Infinity)];
    return first <= period.to && last >= period.from;
  });
  if (project === undefined) return { runs: within, unattributed: 0 };
  const below = project.endsWith("/") ? project : `${project}/`;
  const runs = within.filter(({ started }) => started?.workspace === project || started?.workspace.startsWith(below));
  const unattributed = within.filter(({ erased }) => erased !== undefined).length;
  return { runs, unattributed };
}

/** What was found while reading: kinds with their entries, and which entries are to be proven. */
export class Collector {
  readonly found = new Map<Kind, Found>();
  /** Indexes of the record that is read, in its order. */
  toProve = new Set<number>();
  #host: string | undefined;
  #kept = 0;

  /** From now on it is this host's record; undefined where there is but one. */
  begin(host: string | undefined): void {
    this.#host = host;
    this.toProve = new Set();
  }

  note({ index, event }: LoggedEvent): void {
    for (const kind of KINDS[event.type]) {
      const found = this.found.get(kind) ?? { count: 0, entries: [] };
      this.found.set(kind, found);
      found.count += 1;
      if (found.entries.length < EXAMPLES) {
        found.entries.push(this.#host === undefined ? index : `${this.#host} ${String(index)}`);
      }
      if (PROVEN.has(kind)) this.toProve.add(index);
    }
  }

  /** @returns after every event, which it gives as one line of JSON, what is known of the run */
  async *readRun(run: EvidenceRun): AsyncGenerator<string, RunFacts> {
    const approvals = nothingKept();
    const refusals = nothingKept();
    const asked = new Map<number, readonly string[]>();
    const questions = new Set<number>();
    let started: RunFacts["started"];
    for await (const logged of run.read()) {
      const { event, index, erased } = logged;
      this.note(logged);
      yield `${JSON.stringify({ index, event, ...(erased && { erased }) })}\n`;
      if (event.type === "run.started") started = event;
      else if (event.type === "approval") {
        const isKept = this.#keep(approvals, logged);
        if (isKept && event.about === undefined && event.exec !== undefined) questions.add(event.exec);
      } else if (event.type === "exec.refused" || event.type === "host.refused" || event.type === "request.refused") {
        this.#keep(refusals, logged);
      }
      // The answer stands before what it was about.
      if ((event.type === "exec.allowed" || event.type === "exec.refused") && questions.has(event.exec)) {
        asked.set(event.exec, event.argv.values);
      }
    }
    return { host: this.#host, summary: run.summary(), started, approvals, refusals, asked };
  }

  #keep({ first, indexes }: Kept, logged: LoggedEvent): boolean {
    indexes.push(logged.index);
    if (this.#kept >= MOST_KEPT) return false;
    this.#kept += 1;
    first.push(logged);
    return true;
  }
}

function nothingKept(): Kept {
  return { first: [], indexes: [] };
}
