import { PRINT_FORMATS, printRecords } from "@bailiwick/exports";
import { Output } from "../output.ts";
import { CliError } from "../errors.ts";
import { knownRuns, selectRun } from "../runs/select.ts";

/** What would be exported, one line a record. */
export async function printCommand(run: string, options: { readonly format: string }): Promise<number> {
  const format = PRINT_FORMATS.find((each) => each === options.format);
  if (format === undefined) {
    throw wrong(`\`--format\` is not one of ${PRINT_FORMATS.join(", ")}: \`${options.format}\``);
  }
  const { state, runs } = await knownRuns(process.env);
  const output = new Output(process.stdout);
  for await (const line of printRecords(state.log, format, run === "all" ? undefined : selectRun(runs, run).run)) {
    await output.line(line);
    if (!output.open) break;
  }
  return 0;
}

function wrong(what: string): CliError {
  return new CliError("CLI_USAGE", what, { remedy: "see `bailiwick export --help`" });
}
