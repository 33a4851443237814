import assert from "node:assert/strict";
import { cpSync, existsSync, globSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { RunId } from "@bailiwick/base";
import { allowed, appendNow, collect, finished, newRun, started, temporaryRecord, writeRun } from "../test/fixtures.ts";
import { AuditError } from "./errors.ts";
import { eraseRuns, listRuns, readLog, readRun, verifyLog } from "./queries.ts";
import { openRunLog } from "./run-log.ts";

const idle = { by: "officer", reason: "asked for by the person", at: 9, isRunning: () => false };

function grep(directory: string, text: string): string[] {
  const files = globSync("**", { cwd: directory, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath, file.name)).filter((path) => readFileSync(path).includes(text));
}

describe("personal members", () => {
  test("stand beside the log and never in it", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    for (const word of ["/workspace", "/bin/true", "--flag"]) {
      const found = grep(directory, word);
      assert.ok(found.length > 0, word);
      assert.deepEqual(grep(join(directory, "log/tile"), word), [], word);
    }
    // Negative control: what is not personal is in the log.
    assert.equal(grep(join(directory, "log/tile/entries"), "exec.allowed").length, 1);
  });

  test("have a salt of their own: the same members twice are two digests", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 300);
    const entries = readFileSync(join(directory, "log/tile/entries/000")).toString("latin1");
    const digests = entries.match(/"private":"sha256:[0-9a-f]{64}"/g) ?? [];
    assert.ok(digests.length > 100);
    assert.equal(new Set(digests).size, digests.length);
  });
});

describe("erasing a run", () => {
  async function erased(context: Parameters<typeof temporaryRecord>[0]) {
    const directory = temporaryRecord(context);
    const other = await writeRun(directory, 2);
    const run = newRun();
    const log = await openRunLog({ directory, run });
    void log.append(started(log.follows));
    void log.append(allowed(1, ["secret-word", "x".repeat(50_000)]));
    void log.append(finished(1));
    await log.close();
    await listRuns(directory); // what was learnt holds names too
    const result = await eraseRuns(directory, { ...idle, runs: [run] });
    assert.deepEqual(result, { erased: [run], before: [] });
    return { directory, run, other };
  }

  test("removes every copy, keeps the proofs, and leaves other runs alone", async (context) => {
    const { directory, run, other } = await erased(context);
    assert.deepEqual(grep(directory, "secret-word"), []);
    assert.ok(!existsSync(join(directory, "private", run)) && existsSync(join(directory, "private", other.run)));
    const found = await verifyLog(directory);
    assert.deepEqual([found.problems, found.erased], [[], [run]]);
    assert.deepEqual((await verifyLog(directory, { run })).problems, []);
    assert.deepEqual((await verifyLog(directory, { remembered: [other.head] })).problems, []);
  });

  test("leaves readers whole events with empty members, and says who did it and why", async (context) => {
    const { directory, run, other } = await erased(context);
    const events = await collect(readRun(directory, run));
    assert.deepEqual(
      events.map(({ event, erased: isErased }) => [event.type, isErased]),
      [
        ["run.started", true],
        ["exec.allowed", true],
        ["run.ended", false],
        ["run.erased", false],
      ],
    );
    const [first, exec, , last] = events.map(({ event }) => event);
    assert.ok(first?.type === "run.started" && first.user === "" && first.command.values.length === 0);
    assert.ok(exec?.type === "exec.allowed" && exec.program.path === "" && exec.program.digest.startsWith("sha256:"));
    assert.ok(exec.argv.values.length === 0 && exec.cwd === "" && exec.argv.whole === undefined);
    assert.ok(last?.type === "run.erased" && last.by === idle.by && last.reason === idle.reason);
    const untouched = await collect(readRun(directory, other.run));
    assert.ok(untouched.every((logged) => !logged.erased));
    const summary = (await listRuns(directory)).find((each) => each.run === run);
    assert.deepEqual([summary?.erased?.by, summary?.started?.user, summary?.entries], [idle.by, "", 3]);
    const all = await collect(readLog(directory, 0));
    assert.equal(all.filter((logged) => logged.erased).length, 2);
  });

  test("is refused while the run goes on, and without a run; nothing is recorded then", async (context) => {
    const directory = temporaryRecord(context);
    const run = newRun();
    const log = await openRunLog({ directory, run });
    await appendNow(log, started(log.follows));
    const isRunning = (asked: RunId): boolean => asked === run;
    const code = (wanted: string) => (error: unknown) => error instanceof AuditError && error.code === wanted;
    await assert.rejects(eraseRuns(directory, { ...idle, runs: [run], isRunning }), code("AUDIT_RUN_GOING"));
    await assert.rejects(eraseRuns(directory, { ...idle, runs: [newRun()] }), code("AUDIT_NO_SUCH_RUN"));
    assert.equal((await log.close()).size, 1);
    // Its supervisor was killed: it has no end and does not go on.
    assert.deepEqual((await eraseRuns(directory, { ...idle, runs: [run] })).erased, [run]);
    assert.deepEqual((await verifyLog(directory)).problems, []);
  });

  test("without an entry that says so is a deletion", async (context) => {
    const directory = temporaryRecord(context);
    const { run } = await writeRun(directory, 2);
    const other = await writeRun(directory, 2);
    rmSync(join(directory, "private", run), { recursive: true });
    const { problems } = await verifyLog(directory);
    assert.deepEqual(
      problems.map(({ kind, run: whose, index }) => [kind, whose, index]),
      [["deletion", run, 0]],
    );
    assert.deepEqual((await verifyLog(directory, { run: other.run })).problems, []);
  });

  test("that was cut off after its entry is ended by the next call, without another entry", async (context) => {
    const directory = temporaryRecord(context);
    const { run } = await writeRun(directory, 2);
    cpSync(join(directory, "private"), `${directory}-copy`, { recursive: true });
    await eraseRuns(directory, { ...idle, runs: [run] });
    const { head } = await verifyLog(directory);
    cpSync(`${directory}-copy`, join(directory, "private"), { recursive: true });
    assert.deepEqual(await eraseRuns(directory, { ...idle, runs: [run] }), { erased: [], before: [run] });
    assert.deepEqual(readdirSync(join(directory, "private")), []);
    assert.deepEqual((await verifyLog(directory)).head, head);
  });
});
