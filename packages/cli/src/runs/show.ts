import { readRun } from "@bailiwick/audit";
import { paintFor } from "../format.ts";
import { Output } from "../output.ts";
import { knownRuns, selectRun } from "./select.ts";
import { RunTree } from "./tree.ts";

export async function showRunCommand(text: string, options: { readonly json?: true }): Promise<number> {
  const { state, runs } = await knownRuns(process.env);
  const { run } = selectRun(runs, text);
  const output = new Output(process.stdout);
  const tree = new RunTree(paintFor(process.stdout, process.env));
  for await (const { event } of readRun(state.log, run)) {
    if (options.json) await output.line(JSON.stringify(event));
    else tree.add(event);
  }
  if (!options.json) for (const line of tree.lines()) await output.line(line);
  return 0;
}
