/** Reads the runs of a period, each event once. */
import { readLog, readRun, type LoggedEvent, type RunSummary } from "@bailiwick/audit";
import { EXAMPLES, KINDS, PROVEN, type Found, type Kind, type Period, type RunFacts } from "./facts.ts";

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
  /** Indexes, in the order of the record. */
  readonly toProve = new Set<number>();

  note({ index, event }: LoggedEvent): void {
    for (const kind of KINDS[event.type]) {
      const found = this.found.get(kind) ?? { count: 0, entries: [] };
      this.found.set(kind, found);
      found.count += 1;
      if (found.entries.length < EXAMPLES) found.entries.push(index);
      if (PROVEN.has(kind)) this.toProve.add(index);
    }
  }

  /** @param eachLine gets every event as one line of JSON */
  async readRun(directory: string, summary: RunSummary, eachLine: (line: string) => void): Promise<RunFacts> {
    const approvals: LoggedEvent[] = [];
    const refusals: LoggedEvent[] = [];
    const asked = new Map<number, readonly string[]>();
    const questions = new Set<number>();
    let started: RunFacts["started"];
    for await (const logged of readRun(directory, summary)) {
      const { event, index, erased } = logged;
      this.note(logged);
      eachLine(`${JSON.stringify({ index, event, ...(erased && { erased }) })}\n`);
      if (event.type === "run.started") started = event;
      else if (event.type === "approval") {
        approvals.push(logged);
        if (event.about === undefined && event.exec !== undefined) questions.add(event.exec);
      } else if (event.type === "exec.refused" || event.type === "host.refused" || event.type === "request.refused") {
        refusals.push(logged);
      }
      // The answer stands before what it was about.
      if ((event.type === "exec.allowed" || event.type === "exec.refused") && questions.has(event.exec)) {
        asked.set(event.exec, event.argv.values);
      }
    }
    return { summary, started, approvals, refusals, asked };
  }

  /** What the log says of itself in the period: changes of its key. They are few, and stand between all the others. */
  async readKeyRotations(directory: string, period: Period): Promise<readonly LoggedEvent[]> {
    const rotations: LoggedEvent[] = [];
    for await (const logged of readLog(directory, 0)) {
      const { event } = logged;
      if (event.type !== "key.rotated" || event.at < period.from || event.at > period.to) continue;
      this.note(logged);
      rotations.push(logged);
    }
    return rotations;
  }
}
