/**
 * Runs test files, two at a time, each as a process group of its own that writes to a file. Node's own runner reads pipes until they close,
 * which never happens when a test leaves a process behind that holds them: two such files and it waits for ever.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const AT_ONCE = 2;
/** One test that waits for ever must not cost the whole run; nor must a file that does not end when its tests have. */
const TEST_LIMIT_MS = 900_000;
const FILE_LIMIT_MS = TEST_LIMIT_MS + 20_000;
const COUNTED = ["tests", "pass", "fail", "cancelled", "skipped"] as const;

interface Outcome {
  readonly file: string;
  readonly output: string;
  readonly seconds: number;
  /** Why the file counts as failed; undefined: it does not. */
  readonly failure: string | undefined;
}

export interface TestRunOptions {
  /** Milliseconds after which a file is killed. */
  readonly fileLimitMs?: number;
  readonly say?: (text: string) => void;
}

/** @param files as `root` knows them @returns whether all passed */
export async function runTestFiles(
  root: string,
  files: readonly string[],
  { fileLimitMs = FILE_LIMIT_MS, say = console.log }: TestRunOptions = {},
): Promise<boolean> {
  const running = new Set<ChildProcess>();
  const stop = (): void => {
    for (const child of running) killGroup(child);
    process.exit(1);
  };
  process.once("SIGINT", stop).once("SIGTERM", stop);
  const waiting = [...files];
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const outcome = await runFile(file, { root, running, fileLimitMs });
      outcomes.push(outcome);
      say(`${head(outcome, outcomes.length, files.length)}\n${withoutCounts(outcome.output)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  say(summary(outcomes));
  process.off("SIGINT", stop).off("SIGTERM", stop);
  return outcomes.length > 0 && outcomes.every(({ failure }) => failure === undefined);
}

interface Running {
  readonly root: string;
  readonly running: Set<ChildProcess>;
  readonly fileLimitMs: number;
}

async function runFile(file: string, { root, running, fileLimitMs }: Running): Promise<Outcome> {
  const directory = mkdtempSync(join(tmpdir(), "bailiwick-test-"));
  const path = join(directory, "output");
  const output = openSync(path, "w");
  const began = performance.now();
  const flags = ["--disable-warning=ExperimentalWarning", `--test-timeout=${String(TEST_LIMIT_MS)}`];
  const child = spawn(process.execPath, [...flags, "--test-reporter=spec", file], {
    cwd: root,
    detached: true,
    stdio: ["ignore", output, output],
  });
  running.add(child);
  let tooLong = false;
  const limit = setTimeout(() => {
    tooLong = true;
    killGroup(child);
  }, fileLimitMs);
  const [status, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  clearTimeout(limit);
  // Whatever the tests left behind.
  killGroup(child);
  running.delete(child);
  closeSync(output);
  const text = readFileSync(path, "utf8");
  rmSync(directory, { recursive: true });
  const failure = tooLong
    ? `did not end within ${String(fileLimitMs / 1_000)} s and was killed`
    : status !== 0
      ? `ended with ${String(status ?? signal)}`
      : counted(text, "tests") === 0
        ? "has no tests"
        : undefined;
  return { file, output: text, seconds: (performance.now() - began) / 1_000, failure };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody of it is there any more.
  }
}

const COUNT_LINE = /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) (\d+)[.\d]*\n/gm;

function counted(output: string, what: string): number {
  return [...output.matchAll(COUNT_LINE)].reduce(
    (sum, [, name, count]) => sum + (name === what ? Number(count) : 0),
    0,
  );
}

const withoutCounts = (output: string): string => output.replaceAll(COUNT_LINE, "");

function head({ file, seconds, failure }: Outcome, nth: number, of: number): string {
  const mark = failure === undefined ? "✔" : `✖ ${failure}:`;
  return `\n[${String(nth)}/${String(of)}] ${mark} ${file} (${seconds.toFixed(1)} s)`;
}

/** What failed stands last: of a long output the end is what is read first. */
function summary(outcomes: readonly Outcome[]): string {
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  const counts = COUNTED.map(
    (name) => `${name} ${String(outcomes.reduce((sum, { output }) => sum + counted(output, name), 0))}`,
  );
  return [
    "",
    `files ${String(outcomes.length)}, ${counts.join(", ")}`,
    ...failed.map((outcome) => `\n✖ ${outcome.file} ${String(outcome.failure)}\n${failuresOf(outcome.output)}`),
    failed.length === 0 ? "all passed" : `${String(failed.length)} files failed`,
  ].join("\n");
}

/** What the reporter repeats at its end; of a file that was killed, the end of what it said. */
function failuresOf(output: string): string {
  const at = output.lastIndexOf("✖ failing tests:");
  return at === -1 ? output.slice(-2_000) : output.slice(at, at + 6_000);
}
