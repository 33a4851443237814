import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { NewEvent } from "@bailiwick/audit";
import { BailiwickError } from "@bailiwick/base";
import { Recorder } from "./recorder.ts";

class LogError extends BailiwickError {}

/** A log whose disk can fill up; keeps what it could not write, as the real one does. */
class Disk {
  full = false;
  written: string[] = [];
  kept: string[] = [];
  pending = { events: 0, bytes: 0 };
  async append(event: NewEvent): Promise<number> {
    await Promise.resolve();
    if (this.full || this.kept.length > 0) {
      this.kept.push(event.type);
      throw new LogError("AUDIT_WRITE_FAILED", "cannot write the record: ENOSPC");
    }
    return this.written.push(event.type);
  }
  async flush(): Promise<void> {
    await Promise.resolve();
  }
  async retry(): Promise<void> {
    await Promise.resolve();
    if (this.full) throw new LogError("AUDIT_WRITE_FAILED", "cannot write the record: ENOSPC");
    this.written.push(...this.kept.splice(0));
  }
}

function recorder(log: ConstructorParameters<typeof Recorder>[0]["log"], patienceMs = 60_000) {
  const did: string[] = [];
  const hooks = {
    freeze: () => void did.push("freeze"),
    thaw: () => void did.push("thaw"),
    giveUp: () => void did.push("give up"),
    say: () => undefined,
  };
  const options = { log, hooks, onEvent: () => undefined, now: () => performance.now(), retryMs: 1, patienceMs };
  return { did, recorder: new Recorder(options) };
}

const ended: NewEvent = { type: "exec.ended", at: 1, exec: 1, status: 0, wallMs: 1 };
const tampered: NewEvent = { type: "exec.tampered", at: 1, exec: 1, pid: 1, detail: "" };

describe("recorder", () => {
  test("a full disk freezes the run; free again, all is written in its order and the run goes on", async () => {
    const disk = new Disk();
    const { did, recorder: pen } = recorder(disk);
    assert.equal(await pen.append(ended), true);
    disk.full = true;
    const waiting = pen.append(tampered);
    const behind = pen.append(ended);
    while (!did.includes("freeze")) await new Promise(setImmediate);
    assert.equal(pen.mode, "stuck");
    disk.full = false;
    assert.deepEqual(await Promise.all([waiting, behind]), [true, true]);
    assert.deepEqual(disk.written, ["exec.ended", "exec.tampered", "exec.ended", "run.frozen"]);
    assert.deepEqual(did, ["freeze", "thaw"]);
    assert.equal(pen.mode, "writing");
    await pen.settled();
  });

  test("a disk that stays full ends the run, and nothing is said to be written", async () => {
    const disk = new Disk();
    disk.full = true;
    const { did, recorder: pen } = recorder(disk, 20);
    assert.equal(await pen.append(ended), false);
    assert.deepEqual(did, ["freeze", "give up"]);
    assert.equal(await pen.append(ended), false);
    assert.equal(pen.mode, "lost");
  });

  test("an event that the log did not even keep ends the run at once", async () => {
    const overloaded = { ...new Disk(), append: () => Promise.reject(new LogError("AUDIT_OVERLOADED", "too much")) };
    const { did, recorder: pen } = recorder({
      ...overloaded,
      flush: () => Promise.resolve(),
      retry: () => Promise.resolve(),
    });
    assert.equal(await pen.append(ended), false);
    assert.deepEqual(did, ["give up"]);
  });

  test("is crowded when much waits to be written", () => {
    const disk = new Disk();
    assert.equal(recorder(disk).recorder.crowded, false);
    disk.pending = { events: 6_000, bytes: 0 };
    assert.equal(recorder(disk).recorder.crowded, true);
  });
});
