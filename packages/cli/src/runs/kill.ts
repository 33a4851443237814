import { isAlive } from "@bailiwick/run";
import { isErrno } from "@bailiwick/base";
import { CliError } from "../errors.ts";
import { knownRuns, selectRun } from "./select.ts";

/** Time for the run to write its end, before it is ended without. */
const PATIENCE_MS = 10_000;

/**
 * Tells the run's Bailiwick to end it at once, which it records. One that does not react is killed: then the launcher ends
 * everything inside by itself, and the record simply stops.
 */
export async function killRunCommand(text: string): Promise<number> {
  const { runs } = await knownRuns(process.env);
  const going = runs.filter(({ live }) => live !== undefined);
  const { run, live } = selectRun(text === "last" ? going : runs, text);
  if (live === undefined) {
    throw new CliError("CLI_KILL_FAILED", `the run \`${run}\` is not going on`, {
      remedy: "list runs with `bailiwick runs`",
    });
  }
  send(live.pid, "SIGUSR2");
  const until = Date.now() + PATIENCE_MS;
  while (isAlive(live) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
  if (!isAlive(live)) {
    process.stderr.write(`ended ${run}\n`);
    return 0;
  }
  send(live.pid, "SIGKILL");
  process.stderr.write(`ended ${run}, which did not react: its record has no end\n`);
  return 0;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (isErrno(error, "ESRCH")) return;
    if (!isErrno(error, "EPERM")) throw error;
    throw new CliError("CLI_KILL_FAILED", "the run belongs to somebody else", {
      remedy: "end it as the user who started it",
    });
  }
}
