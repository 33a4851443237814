/** What the supervisor itself needs over a run of 100,000 processes: the largest resident size of Node and of the launcher's outer half. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installedEnvironment } from "./measure.ts";

const command = fileURLToPath(new URL("../packages/cli/bin/bailiwick.js", import.meta.url));
const PROCESSES = 100_000;
const LOOK_EVERY_MS = 250;

function residentKb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // it has ended between two looks
  }
}

/** The launcher's outer half is the only child of the supervisor that runs the launcher outside. */
function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${String(pid)}/task`).flatMap((task) =>
    readFileSync(`/proc/${String(pid)}/task/${task}/children`, "utf8")
      .split(" ")
      .filter(Boolean)
      .map(Number),
  );
}

export async function bench(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-bench-"));
  const state = mkdtempSync(join(tmpdir(), "bailiwick-bench-state-"));
  try {
    const loop = `for ((i = 0; i < ${String(PROCESSES)}; i++)); do /bin/true; done`;
    const child = spawn(command, ["run", "--workspace", folder, "--", "bash", "-c", loop], {
      stdio: "ignore",
      cwd: folder,
      env: { ...installedEnvironment(), BAILIWICK_HOME: state },
    });
    const { pid } = child;
    if (pid === undefined) throw new Error("the run did not start");
    let [node, launcher] = [0, 0];
    const look = setInterval(() => {
      node = Math.max(node, residentKb(pid));
      try {
        launcher = Math.max(launcher, ...childrenOf(pid).map(residentKb));
      } catch (error) {
        if (child.exitCode === null) throw error;
      }
    }, LOOK_EVERY_MS);
    await once(child, "exit");
    clearInterval(look);
    if (child.exitCode !== 0) throw new Error(`the run ended with ${String(child.exitCode)}`);
    return { "supervisor-mb": (node + launcher) / 1024, "node-mb": node / 1024, "launcher-mb": launcher / 1024 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(state, { recursive: true, force: true });
  }
}
