import { type LoggedEvent, readRun } from "@bailiwick/audit";
import { CliError } from "../errors.ts";
import { paintFor } from "../format.ts";
import { Output } from "../output.ts";
import { knownRuns, selectRun } from "./select.ts";
import { RunTree } from "./tree.ts";
import { WhyIndex, whyLines } from "./why.ts";

export async function showRunCommand(
  text: string,
  options: { readonly json?: true; readonly why?: string },
): Promise<number> {
  const { state, runs } = await knownRuns(process.env);
  const { run } = selectRun(runs, text);
  const output = new Output(process.stdout);
  if (options.why !== undefined) return await showWhy(readRun(state.log, run), options.why, { ...options, output });
  const tree = new RunTree(paintFor(process.stdout, process.env));
  for await (const { event } of readRun(state.log, run)) {
    if (options.json) await output.line(JSON.stringify(event));
    else tree.add(event);
  }
  if (!options.json) for (const line of tree.lines()) await output.line(line);
  return 0;
}

async function showWhy(
  events: AsyncIterable<LoggedEvent>,
  asked: string,
  { json, output }: { readonly json?: true; readonly output: Output },
): Promise<number> {
  const index = new WhyIndex();
  for await (const { event } of events) index.add(event);
  const found = index.find(asked);
  if (found.length === 0) {
    throw new CliError("CLI_NO_SUCH_EXEC", `the run has no process \`${asked}\``, {
      remedy: "name it by its pid as the host saw it, or as `exec:NUMBER`; `bailiwick runs show RUN --json` has both",
    });
  }
  const paint = paintFor(process.stdout, process.env);
  for (const [position, why] of found.entries()) {
    if (position > 0 && json !== true) await output.line("");
    for (const line of json === true ? [JSON.stringify(why)] : whyLines(why, paint)) await output.line(line);
  }
  return 0;
}
