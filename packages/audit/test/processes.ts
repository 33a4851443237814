/** Child processes of the tests. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface Child {
  readonly process: ChildProcess;
  readonly lines: readonly string[];
  /** Resolves when a further line came, or the process ended. */
  waitForLine(): Promise<void>;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: NodeJS.Signals | null }>;
}

export function startChild(script: string, ...args: string[]): Child {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, script), ...args],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const lines: string[] = [];
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    wake();
  });
  const ended = new Promise<{ status: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on("close", (status, signal) => {
      wake();
      resolve({ status, signal });
    });
  });
  return { process: child, lines, ended, waitForLine: () => new Promise((resolve) => waiting.push(resolve)) };
}

/** Kills it a little after its next line, wherever it then is. */
export async function killSoon(child: Child, afterMs: number): Promise<void> {
  await child.waitForLine();
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.process.kill("SIGKILL");
  await child.ended;
}
