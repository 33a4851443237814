import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { BrokenFiles, ioError } from "../test/broken-files.ts";
import {
  allowed,
  appendNow,
  collect,
  ended,
  finished,
  newRun,
  started,
  temporaryRecord,
  writeRun,
} from "../test/fixtures.ts";
import { AuditError, type AuditErrorCode } from "./errors.ts";
import { diskFiles, type Files } from "./files.ts";
import { readRun, verifyLog } from "./queries.ts";
import { openRunLog } from "./run-log.ts";

const hasCode = (code: AuditErrorCode) => (error: unknown) => error instanceof AuditError && error.code === code;

/** The disk, full from a call of `fill` until one of `empty`. */
function fillableFiles(): Files & { fill(): void; empty(): void } {
  let full = false;
  const write = (fd: number, bytes: Uint8Array, at: number): number => {
    if (full) throw ioError("ENOSPC");
    return diskFiles.write(fd, bytes, at);
  };
  return { ...diskFiles, write, fill: () => void (full = true), empty: () => void (full = false) };
}

describe("the run's log", () => {
  test("the first use makes the directory, a key that only its user can read, and an empty signed log", async (context) => {
    const directory = temporaryRecord(context);
    const log = await openRunLog({ directory, run: newRun() });
    assert.deepEqual(log.follows, { size: 0, root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" });
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(statSync(join(directory, "log.key")).mode & 0o777, 0o600);
    assert.match(readFileSync(join(directory, "log.key"), "utf8"), /^PRIVATE\+KEY\+bailiwick\//);
    assert.match(readFileSync(join(directory, "log.vkey"), "utf8"), /^bailiwick\/[a-z0-9.-]+\+[0-9a-f]{8}\+A/);
    assert.ok((await verifyLog(directory)).ok);
    await log.close();
  });

  test("events keep the order of the calls, and get their indexes", async (context) => {
    const directory = temporaryRecord(context);
    const run = newRun();
    const log = await openRunLog({ directory, run });
    const indexes = [log.append(started(log.follows))];
    for (let exec = 1; exec <= 600; exec++) {
      indexes.push(log.append(allowed(exec)));
      if (exec % 7 === 0) await log.flush();
    }
    const head = await log.close();
    assert.deepEqual(
      await Promise.all(indexes),
      Array.from({ length: 601 }, (_, index) => index),
    );
    assert.equal(head.size, 601);
    const events = await collect(readRun(directory, run));
    assert.deepEqual(
      events.flatMap(({ event }) => (event.type === "exec.allowed" ? [event.exec] : [])),
      Array.from({ length: 600 }, (_, index) => index + 1),
    );
  });

  test("a batch is written by itself, without a flush", async (context) => {
    const log = await openRunLog({ directory: temporaryRecord(context), run: newRun(), batchMs: 1 });
    assert.equal(await log.append(started(log.follows)), 0);
    assert.deepEqual(log.pending, { events: 0, bytes: 0 });
    await log.close();
  });

  test("a run follows the head it saw, and the log goes on across runs", async (context) => {
    const directory = temporaryRecord(context);
    const first = await writeRun(directory, 200);
    const log = await openRunLog({ directory, run: newRun() });
    assert.deepEqual(log.follows, first.head);
    assert.equal(await appendNow(log, started(log.follows)), 402);
    await log.close();
  });

  test("two logs of one process take turns", async (context) => {
    const directory = temporaryRecord(context);
    const [one, other] = await Promise.all([0, 1].map(() => openRunLog({ directory, run: newRun(), batchMs: 1 })));
    assert.ok(one && other);
    await Promise.all([one, other].map((log) => log.append(started(log.follows))));
    for (let exec = 1; exec <= 30; exec++)
      await Promise.all([appendNow(one, allowed(exec)), other.append(allowed(exec))]);
    await Promise.all([one.close(), other.close()]);
    const { problems, entries } = await verifyLog(directory);
    assert.deepEqual([problems, entries], [[], 62]);
  });

  test("what was written is in the page cache and synced before it is acknowledged", async (context) => {
    const files = new BrokenFiles();
    const log = await openRunLog({ directory: temporaryRecord(context), run: newRun(), files });
    const before = files.calls.length;
    await appendNow(log, started(log.follows));
    const calls = files.calls.slice(before).map((call) => call.split(" ")[0]);
    const renamed = calls.indexOf("rename");
    assert.ok(calls.slice(0, renamed).lastIndexOf("write") < calls.indexOf("sync"));
    assert.equal(
      calls.slice(0, renamed).filter((call) => call === "sync").length,
      calls.slice(0, renamed).filter((call) => call === "open").length,
    );
    assert.ok(calls.indexOf("sync", renamed) > renamed, "the directory is synced after the rename");
    await log.close();
  });

  test("append after close, and close twice", async (context) => {
    const log = await openRunLog({ directory: temporaryRecord(context), run: newRun() });
    await appendNow(log, started(log.follows));
    const head = await log.close();
    await assert.rejects(log.append(allowed(1)), hasCode("AUDIT_CLOSED"));
    assert.deepEqual(await log.close(), head);
  });
});

describe("a disk that is full", () => {
  test("rejects, keeps everything in order, and writes it all at the next try", async (context) => {
    const directory = temporaryRecord(context);
    const files = fillableFiles();
    const run = newRun();
    const log = await openRunLog({ directory, run, files, batchMs: 1 });
    await log.append(started(log.follows));
    files.fill();
    const lost = [log.append(allowed(1)), log.append(ended(1))];
    await Promise.all(lost.map((promise) => assert.rejects(promise, hasCode("AUDIT_WRITE_FAILED"))));
    // What happens because of the failure is recorded too, behind what failed.
    await assert.rejects(log.append({ type: "run.frozen", at: 5, reason: "disk" }), hasCode("AUDIT_WRITE_FAILED"));
    await assert.rejects(log.flush(), hasCode("AUDIT_WRITE_FAILED"));
    await assert.rejects(log.retry(), hasCode("AUDIT_WRITE_FAILED"));
    assert.equal(log.pending.events, 3);
    files.empty();
    await assert.rejects(log.flush(), hasCode("AUDIT_WRITE_FAILED"), "only retry tries again");
    await log.retry();
    assert.deepEqual(log.pending, { events: 0, bytes: 0 });
    assert.equal(await log.append(finished(1)), 4);
    await log.close();
    const events = await collect(readRun(directory, run));
    assert.deepEqual(
      events.map(({ event }) => event.type),
      ["run.started", "exec.allowed", "exec.ended", "run.frozen", "run.ended"],
    );
    assert.deepEqual((await verifyLog(directory)).problems, []);
  });

  test("close fails too, and can be tried again", async (context) => {
    const directory = temporaryRecord(context);
    const files = fillableFiles();
    const log = await openRunLog({ directory, run: newRun(), files });
    files.fill();
    const lost = assert.rejects(log.append(started(log.follows)), hasCode("AUDIT_WRITE_FAILED"));
    await assert.rejects(log.close(), hasCode("AUDIT_WRITE_FAILED"));
    await lost;
    await assert.rejects(log.close(), hasCode("AUDIT_WRITE_FAILED"));
    files.empty();
    assert.equal((await log.close()).size, 1);
    assert.equal((await verifyLog(directory)).entries, 1);
  });

  test("nothing is opened when the directory cannot be written", async (context) => {
    const files: Files = {
      ...diskFiles,
      open: () => {
        throw ioError("EROFS");
      },
    };
    await assert.rejects(
      openRunLog({ directory: temporaryRecord(context), run: newRun(), files }),
      hasCode("AUDIT_WRITE_FAILED"),
    );
  });
});

describe("a batch", () => {
  test("begins soon after a rest, for who watches; what follows goes together", async (context) => {
    const commits: string[] = [];
    const files: Files = {
      ...diskFiles,
      rename: (from, to) => {
        commits.push(to);
        diskFiles.rename(from, to);
      },
    };
    const log = await openRunLog({ directory: temporaryRecord(context), run: newRun(), files, batchMs: 3_600_000 });
    commits.length = 0;
    // Not after an hour, which the test would not wait for.
    assert.equal(await log.append(started(log.follows)), 0);
    const following = [allowed(1), ended(1), allowed(2)].map((event) => log.append(event));
    assert.equal(commits.length, 1);
    await log.close();
    assert.deepEqual([await Promise.all(following), commits.length], [[1, 2, 3], 2]);
  });
});

describe("back-pressure", () => {
  test("beyond the limit an event is refused and not recorded; the rest is", async (context) => {
    const directory = temporaryRecord(context);
    const log = await openRunLog({
      directory,
      run: newRun(),
      batchMs: 60_000,
      maxPending: { events: 3, bytes: 10_000 },
    });
    const kept = [started(log.follows), allowed(1), ended(1)].map((event) => log.append(event));
    await assert.rejects(log.append(allowed(2)), hasCode("AUDIT_OVERLOADED"));
    await log.flush();
    assert.deepEqual(await Promise.all(kept), [0, 1, 2]);
    await assert.rejects(log.append(allowed(2, ["long".repeat(5_000)])), hasCode("AUDIT_OVERLOADED"));
    await appendNow(log, allowed(2));
    await log.close();
    assert.equal((await verifyLog(directory)).entries, 4);
  });

  test("100,000 events at once take less than 350 MB and come out in order", async (context) => {
    const directory = temporaryRecord(context);
    const log = await openRunLog({ directory, run: newRun(), batchMs: 60_000 });
    const before = process.memoryUsage.rss();
    let next = 0;
    const check = (index: number): void => assert.equal(index, next++);
    const acknowledged = [log.append(started(log.follows)).then(check)];
    for (let exec = 1; exec < 100_000; exec++) acknowledged.push(log.append(allowed(exec)).then(check));
    await assert.rejects(log.append(allowed(0)), hasCode("AUDIT_OVERLOADED"));
    assert.ok(process.memoryUsage.rss() - before < 350e6);
    await log.close();
    await Promise.all(acknowledged);
    assert.equal(next, 100_000);
  });
});

describe("a key or a log that cannot be trusted", () => {
  test("a key that others can read signs nothing", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 1);
    chmodSync(join(directory, "log.key"), 0o640);
    await assert.rejects(openRunLog({ directory, run: newRun() }), hasCode("AUDIT_KEY_UNUSABLE"));
    chmodSync(join(directory, "log.key"), 0o600);
    await (await openRunLog({ directory, run: newRun() })).close();
  });

  test("a malformed key, or one of another log, is refused", async (context) => {
    const [directory, other] = [temporaryRecord(context), temporaryRecord(context)];
    await writeRun(directory, 1);
    await writeRun(other, 1);
    for (const text of ["", "PRIVATE+KEY+x", readFileSync(join(other, "log.key"), "utf8")]) {
      writeFileSync(join(directory, "log.key"), text, { mode: 0o600 });
      await assert.rejects(openRunLog({ directory, run: newRun() }), hasCode("AUDIT_KEY_UNUSABLE"));
    }
  });

  test("a log without its checkpoint, or without its key, is not begun anew", async (context) => {
    for (const file of ["log/checkpoint", "log.key"]) {
      const directory = temporaryRecord(context);
      await writeRun(directory, 1);
      rmSync(join(directory, file));
      await assert.rejects(openRunLog({ directory, run: newRun() }), hasCode("AUDIT_LOG_DAMAGED"));
    }
  });

  test("a checkpoint that this key did not sign is refused", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 1);
    const checkpoint = join(directory, "log/checkpoint");
    writeFileSync(checkpoint, readFileSync(checkpoint, "utf8").replace("\n4\n", "\n3\n"));
    await assert.rejects(openRunLog({ directory, run: newRun() }), hasCode("AUDIT_LOG_DAMAGED"));
  });

  test("nothing is appended to tiles or entries that were changed", async (context) => {
    for (const file of ["log/tile/0/000.p/4", "log/tile/entries/000.p/4"]) {
      const directory = temporaryRecord(context);
      await writeRun(directory, 1);
      const bytes = readFileSync(join(directory, file));
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      writeFileSync(join(directory, file), bytes);
      const log = await openRunLog({ directory, run: newRun() });
      await assert.rejects(appendNow(log, started(log.follows)), hasCode("AUDIT_LOG_DAMAGED"));
    }
  });

  test("an older state that is put back under a running writer is noticed", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 1);
    const older = readFileSync(join(directory, "log/checkpoint"));
    const log = await openRunLog({ directory, run: newRun() });
    await appendNow(log, started(log.follows));
    writeFileSync(join(directory, "log/checkpoint"), older);
    await assert.rejects(appendNow(log, allowed(1)), hasCode("AUDIT_LOG_DAMAGED"));
  });

  test("a fork, signed with the right key, is noticed by a writer that knew the other branch", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 1);
    const branch = `${directory}-branch`;
    execFileSync("cp", ["-a", directory, branch]);
    const log = await openRunLog({ directory, run: newRun() });
    await appendNow(log, started(log.follows));
    await writeRun(branch, 20);
    rmSync(join(directory, "log"), { recursive: true });
    execFileSync("cp", ["-a", join(branch, "log"), directory]);
    await assert.rejects(appendNow(log, allowed(1)), hasCode("AUDIT_LOG_DAMAGED"));
  });
});

test("a lock that is held too long is an error, and nothing is lost", async (context) => {
  const directory = temporaryRecord(context);
  const log = await openRunLog({ directory, run: newRun(), lockTimeoutMs: 20 });
  await appendNow(log, started(log.follows));
  const { FileLock } = await import("./lock.ts");
  const lock = new FileLock(join(directory, "lock"));
  const held = await lock.acquire(1_000);
  await assert.rejects(appendNow(log, allowed(1)), hasCode("AUDIT_LOCKED"));
  held.release();
  lock.close();
  await log.retry();
  assert.equal(await appendNow(log, ended(1)), 2);
  await log.close();
});

test("old partial tiles are removed, all but those of the last two checkpoints", async (context) => {
  const directory = temporaryRecord(context);
  const log = await openRunLog({ directory, run: newRun() });
  await appendNow(log, started(log.follows));
  for (let exec = 1; exec <= 270; exec++) await appendNow(log, allowed(exec));
  await log.close();
  for (const kind of ["0", "entries"]) {
    assert.deepEqual(readdirSync(join(directory, "log/tile", kind)).sort(), ["000", "001.p"]);
    assert.deepEqual(readdirSync(join(directory, "log/tile", kind, "001.p")).sort(), ["14", "15"]);
  }
  assert.ok(existsSync(join(directory, "log/tile/1/000.p/1")));
});

test("opening reads the right edge of the tree alone, however long the log is", async (context) => {
  const callsToOpen = async (execs: number): Promise<readonly string[]> => {
    const directory = temporaryRecord(context);
    await writeRun(directory, execs);
    const files = new BrokenFiles();
    const log = await openRunLog({ directory, run: newRun(), files });
    const { calls } = files;
    await appendNow(log, started(log.follows));
    await log.close();
    assert.equal(calls, files.calls);
    return calls.filter((call) => call.startsWith("read"));
  };
  // 602 entries have two levels of tiles, 20,002 have two as well; 70,002 have three.
  const few = await callsToOpen(300);
  assert.ok(
    few.some((call) => call.includes("tile/1/")),
    few.join("\n"),
  );
  assert.equal((await callsToOpen(10_000)).length, few.length);
  assert.ok((await callsToOpen(35_000)).length <= few.length + 1);
});

test("writing loads neither zod nor anything of the reading side", () => {
  const script = `
    const { registerHooks } = await import("node:module");
    const seen = [];
    registerHooks({ resolve(specifier, context, next) { seen.push(specifier); return next(specifier, context); } });
    const { openRunLog } = await import(${JSON.stringify(join(import.meta.dirname, "index.ts"))});
    console.log(typeof openRunLog, seen.filter((name) => /zod|events|verify.verify/.test(name)).join());`;
  const output = execFileSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script],
    { encoding: "utf8" },
  );
  assert.equal(output.trim(), "function");
});
