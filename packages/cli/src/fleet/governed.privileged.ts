/**
 * `bailiwick run` for a task, in a process of its own.
 *
 * SAFETY: the program is this very command; its words are ours but for the agent's, which come after `--`. Standard output and input are nothing; of standard
 * error, which the agent writes to as well, the end is kept and shown only when nothing ran. How it went comes over the channel, which nothing inside has.
 */
import { spawn } from "node:child_process";
import type { TaskOutcome, ToStarter } from "../run/starter.ts";

export interface GovernedRun {
  readonly ended: Promise<{ readonly outcome: TaskOutcome | undefined; readonly said: string }>;
  /** In peace when it goes quickly; or at once. */
  end(how: "soon" | "now"): void;
}

const KEPT_BYTES = 2_000;
/** What `bailiwick run` takes at most to end everything inside. */
const LONGEST_END_MS = 15_000;

export function startGoverned(
  words: readonly string[],
  { cwd, onStarted }: { readonly cwd: string; readonly onStarted: (run: string) => void },
): GovernedRun {
  const [, program = ""] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, "run", ...words], {
    cwd,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // A terminal's ^C is for the runner, which lets its runs end.
    detached: true,
  });
  let outcome: TaskOutcome | undefined;
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    said = (said + chunk).slice(-KEPT_BYTES);
  });
  child.on("message", (message) => {
    const told = message as ToStarter; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- our own command wrote it
    if ("started" in told) onStarted(told.started);
    else outcome = told.outcome;
  });
  const ended = new Promise<{ readonly outcome: TaskOutcome | undefined; readonly said: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(hard);
      resolve({ outcome, said });
    });
  });
  let hard: NodeJS.Timeout | undefined;
  return {
    ended,
    end(how) {
      child.kill(how === "now" ? "SIGUSR2" : "SIGTERM");
      // The launcher ends with it.
      hard ??= setTimeout(() => child.kill("SIGKILL"), LONGEST_END_MS);
    },
  };
}
