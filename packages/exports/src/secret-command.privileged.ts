// SAFETY: the argument vector is the person's own, from exports.toml, to which nobody else can write; nothing of a run is in it. No shell.
import { spawn } from "node:child_process";
import { isErrno } from "@bailiwick/base";

const LONGEST_MS = 10_000;
const MOST_BYTES = 64 << 10;

/** What a command prints. What it says on standard error is not kept: it may hold what it prints. */
export async function runSecretCommand([program, ...args]: readonly [string, ...string[]]): Promise<{
  readonly output: string;
  readonly failure?: string;
}> {
  return await new Promise((resolve) => {
    const child = spawn(program, args, { cwd: "/", detached: true, stdio: ["ignore", "pipe", "ignore"] });
    const chunks: Buffer[] = [];
    let length = 0;
    let failure: string | undefined;
    const end = (why: string): void => {
      failure ??= why;
      killGroup(child.pid);
    };
    const timer = setTimeout(() => {
      end(`did not end within ${String(LONGEST_MS / 1000)} s`);
    }, LONGEST_MS);
    child.stdout.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > MOST_BYTES) end("printed too much");
      else chunks.push(chunk);
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ output: "", failure: `can't be started: ${error.message}` });
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      if (status !== 0) failure ??= `ended with ${String(status ?? signal)}`;
      resolve({ output: Buffer.concat(chunks).toString("utf8"), ...(failure !== undefined && { failure }) });
    });
  });
}

/** With all that it started. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error;
  }
}
