import { join } from "node:path";
import { eraseRuns, type Erasure } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import { accountName, type StateDirectory } from "@bailiwick/run";
import { removeIndex } from "@bailiwick/search";
import { CliError } from "../errors.ts";
import { count } from "../format.ts";
import { knownRuns, selectRun, type KnownRuns, type SelectedRun } from "../runs/select.ts";

const DAY_MS = 86_400_000;

export async function eraseCommand(
  texts: readonly string[],
  options: { readonly reason: string; readonly json?: true },
): Promise<number> {
  const known = await knownRuns(process.env);
  const runs = texts.map((text) => selectRun(known.runs, text).run);
  say(await erase(known, runs, options.reason), options);
  return 0;
}

export async function retainCommand(options: {
  readonly days: string;
  readonly dryRun?: true;
  readonly json?: true;
}): Promise<number> {
  const days = Number(options.days);
  if (!/^[0-9]{1,6}$/.test(options.days)) {
    throw new CliError("CLI_USAGE", `\`--days\` is not a number of days: \`${options.days}\``, {
      remedy: "see `bailiwick audit retain --help`",
    });
  }
  const known = await knownRuns(process.env);
  const before = Date.now() - days * DAY_MS;
  const runs = known.runs.filter((each) => isOver(each, before)).map(({ run }) => run);
  if (options.dryRun === true) {
    if (options.json) process.stdout.write(`${JSON.stringify({ wouldErase: runs })}\n`);
    else process.stdout.write([`would erase ${count(runs.length, "run")}`, ...runs].join("\n") + "\n");
    return 0;
  }
  say(await erase(known, runs, `kept for ${String(days)} days`), options);
  return 0;
}

/** Ended before a time; one that was cut off ended at its beginning, for all that is known. Erased ones have nothing left. */
function isOver({ summary, live }: SelectedRun, before: number): boolean {
  if (summary === undefined || live !== undefined || summary.erased !== undefined) return false;
  const at = summary.ended?.at ?? summary.started?.at;
  return at !== undefined && at < before;
}

/** The record first: it says what is erased, and by it everything else is made anew. */
async function erase({ state, runs: all }: KnownRuns, runs: readonly RunId[], reason: string): Promise<Erasure> {
  const live = new Set(all.filter((each) => each.live !== undefined).map(({ run }) => run));
  const isRunning = (run: RunId): boolean => live.has(run);
  const by = accountName();
  const erasure = await eraseRuns(state.log, { runs, reason, by, at: Date.now(), isRunning });
  if (erasure.erased.length + erasure.before.length > 0) forget(state);
  return erasure;
}

/** What was made from the record and holds the same words. */
function forget(state: StateDirectory): void {
  removeIndex(join(state.root, "search.sqlite"));
}

function say({ erased, before }: Erasure, options: { readonly json?: true }): void {
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ erased, before })}\n`);
    return;
  }
  const lines = [`erased the personal data of ${count(erased.length, "run")}`, ...erased.map((run) => `  ${run}`)];
  if (before.length > 0) lines.push(`erased before: ${before.join(", ")}`);
  process.stdout.write(`${lines.join("\n")}\n`);
}
