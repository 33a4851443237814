/** Runs a command in a terminal of its own and plays the person before it. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** What the person waits for on the screen (a Python regular expression, from where the last one matched on), and then does. */
export interface Step {
  readonly expect: string;
  readonly send?: string;
  /** Milliseconds before sending. */
  readonly wait?: number;
  readonly resize?: readonly [rows: number, columns: number];
  /** As often as it is seen until the end, which may be never; the last step. */
  readonly again?: true;
  /** Closes the terminal. */
  readonly hangup?: true;
}

export interface TerminalJob {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  readonly rows?: number;
  readonly columns?: number;
  readonly timeout?: number;
}

export interface TerminalResult {
  readonly output: string;
  /** The exit status; negative for a signal. */
  readonly status: number | null;
  /** What the person waited for in vain. */
  readonly failed: string | null;
}

export async function inTerminal(job: TerminalJob): Promise<TerminalResult> {
  const whole = { rows: 24, columns: 80, timeout: 20_000, ...job };
  const { stdout } = await promisify(execFile)(
    "python3",
    [join(import.meta.dirname, "terminal.py"), JSON.stringify(whole)],
    {
      maxBuffer: 16 << 20,
    },
  );
  return JSON.parse(stdout) as TerminalResult;
}
