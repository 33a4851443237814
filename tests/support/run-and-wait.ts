/**
 * A supervisor in a process of its own, to be mistreated or to sit at a terminal: `run-and-wait.ts WORKSPACE MODE ARGV…`.
 * - `serve`: answers everything. `short`: as well, but is given up on after 600 ms of silence.
 * - `block`: as `short`; from the first exec of a program named `last` on, it answers nothing more.
 * - `terminal`: relays its terminal; before an exec of a program named `question` it takes the terminal back, reads one line
 *   from it, and goes on.
 * - `record`: as `terminal`, and is told what the terminal puts out; never takes any of it; from an exec of a program named `last` on it does nothing for ten seconds. Says
 *   `awake` then, and at the end how many bytes it was told of and how many were left out.
 * Says `launcher PID` on standard output, but not on a terminal. Exits as the command did.
 */
import { execFileSync } from "node:child_process";
import { readSync, writeSync } from "node:fs";
import type { Sandbox } from "../../packages/sandbox/src/sandbox.ts";
import { supervise } from "./supervised.ts";

const told = { bytes: 0, lost: 0 };
const [workspace = "", mode = "", ...argv] = process.argv.slice(2);
let running: Sandbox | undefined;

async function askThePerson(sandbox: Sandbox): Promise<void> {
  await sandbox.pauseTerminal();
  const modes = execFileSync("stty", ["-a"], { stdio: [0, "pipe", 2], encoding: "utf8" });
  writeSync(1, `question (${/[^-]icanon/.test(modes) ? "line mode" : "raw"})? `);
  const answer = Buffer.alloc(100);
  const length = readSync(0, answer);
  writeSync(1, `answered ${JSON.stringify(answer.toString("utf8", 0, length).trim())}\n`);
  sandbox.resumeTerminal();
}

const outcome = await supervise(workspace, argv, {
  stdio: [0, 1, 2],
  terminal: mode === "terminal" || mode === "record",
  record: mode === "record",
  onOutput: (_at, bytes, lost) => {
    told.bytes += bytes.length;
    told.lost += lost;
  },
  answerTimeoutMs: mode === "block" || mode === "short" ? 600 : 60_000,
  decide: async ({ files }) => {
    if (mode === "block" && files[0].path.endsWith("/last"))
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    if (mode === "record" && files[0].path.endsWith("/last")) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
      writeSync(1, "awake\r\n");
    }
    if (files[0].path.endsWith("/question") && running !== undefined) await askThePerson(running);
    return { allow: true, reuse: "program" };
  },
  whileRunning: (sandbox) => {
    running = sandbox;
    if (mode !== "terminal" && mode !== "record") writeSync(1, `launcher ${String(sandbox.launcherPid)}\n`);
  },
});
if (mode === "record") writeSync(1, `told ${String(told.bytes)} lost ${String(told.lost)}\n`);
process.exit(outcome.exit instanceof Error ? 125 : (outcome.exit.status ?? 128));
