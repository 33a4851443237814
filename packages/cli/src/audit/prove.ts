import { proveEntry } from "@bailiwick/audit";
import { locateStateDirectory } from "@bailiwick/run";
import { CliError } from "../errors.ts";
import { knownRuns, selectRun } from "../runs/select.ts";
import { writeOutput } from "./files.ts";

interface ProveCommandOptions {
  readonly out?: string;
  readonly publicOnly?: true;
}

/** Writes the proof of one entry to a file or to standard output. */
export async function proveCommand(text: string, options: ProveCommandOptions): Promise<number> {
  const directory = locateStateDirectory(process.env).log;
  const proof = await proveEntry(directory, await indexOf(text), { publicOnly: options.publicOnly === true });
  writeOutput(options.out, proof);
  return 0;
}

/** A number is an index; anything else names a run. */
async function indexOf(text: string): Promise<number> {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return Number(text);
  const { runs } = await knownRuns(process.env);
  const { run, summary } = selectRun(runs, text);
  if (summary !== undefined) return summary.last;
  throw new CliError("CLI_NO_SUCH_RUN", `nothing of the run \`${run}\` is in the record yet`, {
    remedy: "try again in a moment",
  });
}
