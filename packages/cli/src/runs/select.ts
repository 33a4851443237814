import { listRuns, type RunSummary } from "@bailiwick/audit";
import { isRunId, type RunId } from "@bailiwick/base";
import { listLiveRuns, locateStateDirectory, type LiveRun, type StateDirectory } from "@bailiwick/run";
import { CliError } from "../errors.ts";

/** A run that a person named, whether it is in the record yet, still going on, or both. */
export interface SelectedRun {
  readonly run: RunId;
  readonly summary: RunSummary | undefined;
  readonly live: LiveRun | undefined;
}

export interface KnownRuns {
  readonly state: StateDirectory;
  /** Oldest first. */
  readonly runs: readonly SelectedRun[];
}

/** Every run of this host: those in the record, and those that have only just begun. */
export async function knownRuns(environment: NodeJS.ProcessEnv): Promise<KnownRuns> {
  const state = locateStateDirectory(environment);
  const live = new Map(listLiveRuns(state.runs).map((each) => [each.run, each]));
  const runs = new Map<RunId, SelectedRun>();
  for (const summary of await recordedRuns(state.log)) {
    if (isRunId(summary.run)) runs.set(summary.run, { run: summary.run, summary, live: live.get(summary.run) });
  }
  for (const [run, each] of live) if (!runs.has(run)) runs.set(run, { run, summary: undefined, live: each });
  // Ids begin with the time.
  return { state, runs: [...runs.values()].sort((a, b) => (a.run < b.run ? -1 : 1)) };
}

/** Without a record there have been no runs, which is not an error for who asks for a list. */
async function recordedRuns(directory: string): Promise<readonly RunSummary[]> {
  try {
    return await listRuns(directory);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "AUDIT_NO_LOG") return [];
    throw error;
  }
}

/**
 * The run that `text` means: `last`, an id, the beginning or the end of one, or a run's name (the newest of that name).
 * @throws CliError CLI_NO_SUCH_RUN when there is none, or more than one
 */
export function selectRun(runs: readonly SelectedRun[], text: string): SelectedRun {
  const last = runs.at(-1);
  if (text === "last" && last) return last;
  const wanted = text.toLowerCase();
  const named = runs.findLast(({ run, summary }) => run === wanted || summary?.started?.name === text);
  if (named) return named;
  const found = wanted === "" ? [] : runs.filter(({ run }) => run.startsWith(wanted) || run.endsWith(wanted));
  const [only] = found;
  if (only && found.length === 1) return only;
  const what = found.length > 1 ? `\`${text}\` could be ${String(found.length)} runs` : `there is no run \`${text}\``;
  throw new CliError("CLI_NO_SUCH_RUN", text === "last" ? "there has been no run yet" : what, {
    remedy: text === "last" ? "start one: `bailiwick run -- COMMAND`" : "list them with `bailiwick runs`",
  });
}
