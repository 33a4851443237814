/** The end of a run's own process. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { findLauncher } from "@bailiwick/sandbox";

const MODULE = JSON.stringify(join(import.meta.dirname, "leave.ts"));
/** What would keep a process, or be asked before it ends. */
const BUSY = `new (require("node:worker_threads").Worker)("for (;;);", { eval: true }).on("online", () => end());
process.on("exit", () => console.log("asked before the end"));`;

function endOf(script: string) {
  const given = { encoding: "utf8", timeout: 60_000 } as const;
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["-e", script], given);
  return { status, signal, stdout, stderr };
}

describe("who leaves", () => {
  test("ends with its status and what it wrote, and waits for no thread", () => {
    const script = `const end = async () => { console.log("written"); (await import(${MODULE})).leave(7); };\n${BUSY}`;
    assert.deepEqual(endOf(script), { status: 7, signal: null, stdout: "written\n", stderr: "" });
  });

  test("negative control: who exits is asked first, by what then waits for threads", () => {
    const { status, stdout } = endOf(`const end = () => process.exit(7);\n${BUSY}`);
    assert.deepEqual({ status, stdout }, { status: 7, stdout: "asked before the end\n" });
  });

  test("the launcher ends with what it is told, and takes nothing else", () => {
    const statusOf = (...args: string[]) => spawnSync(findLauncher(), args, { stdio: "ignore" }).status;
    const statuses = [statusOf("exit", "0"), statusOf("exit", "255"), statusOf("exit", "256"), statusOf("exit", "")];
    assert.deepEqual(statuses, [0, 255, 125, 125]);
    assert.deepEqual([statusOf("exit"), statusOf("leave", "0"), statusOf()], [125, 125, 125]);
  });
});
