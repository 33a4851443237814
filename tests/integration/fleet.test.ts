/** Tasks from their submission to their acceptance: `submit`, `runner`, `tasks`, by the shipped command, governed by the kernel. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { heldOf } from "../support/control-plane.ts";
import { startFleet, type Fleet, type Runner, type Task } from "../support/fleet.ts";
import { bailiwick, type Place } from "../support/governed.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let fleet: Fleet;
let host: Place;
let runner: Runner;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  fleet = await startFleet(await postgres?.makeDatabase());
  host = await fleet.host();
  runner = await fleet.runner(host, 2);
});
after(async () => {
  await fleet.stop();
  await postgres?.stop();
});

const isDone = ({ state }: Task): boolean => state === "done";
const git = (directory: string, ...args: string[]): string => execFileSync("git", args, { cwd: directory }).toString();
/** Nothing of a task is left. */
const workOf = (place: Place): string[] =>
  readdirSync(join(place.root, "work")).flatMap((name) => readdirSync(join(place.root, "work", name)));

describe("a task", () => {
  test("runs governed on a host; its patch, its run's record and its labels come back; it is put on a branch", async () => {
    const id = await fleet.submit(
      "echo four >> src/main.txt; printf '\\000\\001' > new.bin; rm README.md; git config -l >/dev/null",
    );
    const done = await fleet.until(id, isDone);
    assert.deepEqual([done.outcome, done.review, done.status, done.reason], ["succeeded", "awaiting", 0, undefined]);
    const { place } = fleet.owner;
    const diff = await bailiwick(place, ["tasks", "diff", id]);
    assert.match(diff.stdout, /^\+four$/m);
    assert.match(diff.stdout, /GIT binary patch/);
    assert.match(diff.stdout, /deleted file mode/);
    const run = await fleet.owner.call("showRun", { params: { run: done.run } });
    assert.deepEqual(run["labels"], ["asked-by=olivia", "pool=builders", `task=${id}`]);
    assert.equal(run["project"], "shop");
    const types = (await heldOf(fleet.owner, done.run ?? "")).map(({ event }) => (event as { type: string }).type);
    assert.ok(types.includes("exec.allowed") && types.at(-1) === "run.ended", types.join(" "));

    const clone = join(place.root, "clone");
    git(place.root, "clone", "--quiet", fleet.repository, clone);
    git(clone, "config", "user.name", "Olivia");
    git(clone, "config", "user.email", "olivia@example.test");
    const accepted = await bailiwick(place, ["tasks", "accept", id, "--branch", "faster"], { cwd: clone });
    assert.equal(accepted.status, 0, accepted.stderr);
    assert.equal(git(clone, "show", "faster:src/main.txt"), "one\ntwo\nthree\nfour\n");
    assert.equal(git(clone, "rev-parse", "faster^").trim(), done.base);
    assert.match(git(clone, "log", "-1", "--format=%B", "faster"), new RegExp(`Bailiwick-Task: ${id}`));
    // The files here are as they were, and nothing was pushed.
    assert.equal(git(clone, "status", "--porcelain"), "");
    assert.equal(git(fleet.repository, "branch", "--list", "faster"), "");
    assert.equal((await fleet.show(id)).review, "accepted");
    const again = await bailiwick(place, ["tasks", "accept", id, "--branch", "faster"], { cwd: clone });
    assert.notEqual(again.status, 0);
    const applied = await bailiwick(place, ["tasks", "accept", id, "--apply"], { cwd: join(clone, "src") });
    assert.equal(applied.status, 0, applied.stderr);
    assert.equal(readFileSync(join(clone, "src/main.txt"), "utf8"), "one\ntwo\nthree\nfour\n");
    assert.ok(!existsSync(join(clone, "README.md")));
    assert.deepEqual(workOf(host), []);
  });

  test("is rejected with a reason; one that changed nothing is not reviewed", async () => {
    const [changed, unchanged] = [await fleet.submit("echo x > x"), await fleet.submit("true")];
    const done = await fleet.until(changed, isDone);
    const { place } = fleet.owner;
    const rejected = await bailiwick(place, ["tasks", "reject", changed, "--why", "not like this", "--json"]);
    assert.equal((JSON.parse(rejected.stdout) as Task).review, "rejected");
    assert.equal(done.review, "awaiting");
    assert.equal((await fleet.until(unchanged, isDone)).review, undefined);
    const nothing = await bailiwick(place, ["tasks", "accept", unchanged]);
    assert.match(nothing.stderr, /has changed nothing/);
    const listed = await bailiwick(place, ["tasks", "list", "--state", "done"]);
    assert.match(listed.stdout, new RegExp(`${changed}.*rejected`));
  });

  test("fails as its agent does, and is tried again as often as was said", async () => {
    const id = await fleet.submit("exit 3", "--retries", "1");
    const { outcome, status, attempts, reason } = await fleet.until(id, isDone);
    assert.deepEqual([outcome, status, attempts, reason], ["failed", 3, 2, "the agent ended with 3"]);
    const missing = await fleet.until(await fleet.submit("true", "--revision", "not-there"), isDone);
    assert.deepEqual([missing.outcome, missing.attempts], ["failed", 0]);
    assert.match(missing.reason ?? "", /git rev-parse/);
  });

  test("ends when its time is over", async () => {
    const id = await fleet.submit("echo x > x; exec sleep 600", "--timeout", "10s");
    const { outcome, patch } = await fleet.until(id, isDone);
    assert.equal(outcome, "timed-out");
    // What it had done is there to be looked at.
    assert.ok(patch !== undefined);
  });

  test("is cancelled while it runs: everything in it ends", async () => {
    const id = await fleet.submit("exec sleep 600");
    await fleet.until(id, ({ state, run }) => state === "running" && run !== undefined);
    const cancelled = await bailiwick(fleet.owner.place, ["tasks", "cancel", id]);
    assert.match(cancelled.stdout, /is cancelled/);
    const { outcome, run } = await fleet.until(id, isDone);
    assert.equal(outcome, "cancelled");
    const shown = await fleet.owner.call("showRun", { params: { run } });
    assert.equal(shown["reason"], "killed");
  });

  test("what the agent makes of its clone runs nothing on the host, and changes no other file of the patch", async () => {
    const marker = join(host.root, "ran");
    const id = await fleet.submit(
      [
        `printf '#!/bin/sh\\ntouch ${marker}\\n' > evil.sh; chmod +x evil.sh`,
        "printf '* filter=evil diff=evil\\n' > .gitattributes",
        "git config filter.evil.clean ./evil.sh; git config core.fsmonitor ./evil.sh; git config diff.evil.textconv ./evil.sh",
        "ln -s /etc/passwd link; true",
      ].join("; "),
    );
    const { outcome } = await fleet.until(id, isDone);
    assert.equal(outcome, "succeeded");
    assert.equal(existsSync(marker), false);
    const { stdout } = await bailiwick(fleet.owner.place, ["tasks", "diff", id]);
    assert.match(stdout, /new file mode 120000/);
    assert.doesNotMatch(stdout, /root:/);
  });
});

describe("a runner", () => {
  test("that is drained ends with its last task, and takes none after that", async () => {
    const place = await fleet.host();
    runner.signal("SIGTERM");
    await runner.ended;
    assert.equal(runner.process.exitCode, 0);
    const drained = await fleet.runner(place);
    const [runs, waits] = [await fleet.submit("sleep 2; echo x > x"), await fleet.submit("echo y > y")];
    await fleet.until(runs, ({ state }) => state === "running");
    const drain = await bailiwick(place, ["runner", "--pool", "builders", "--drain"]);
    assert.equal(drain.status, 0);
    // It has ended, of which this process may not have heard yet.
    await drained.ended;
    assert.equal(drained.process.exitCode, 0);
    assert.equal((await fleet.show(runs)).outcome, "succeeded");
    assert.equal((await fleet.show(waits)).state, "queued");
    runner = await fleet.runner(place, 2);
    assert.equal((await fleet.until(waits, isDone)).outcome, "succeeded");
  });

  test("that is told twice gives its task back, and another does it", async () => {
    const { place } = runner;
    const id = await fleet.submit("test -e /tmp/never || { sleep 600; }", "--on-lost", "retry");
    await fleet.until(id, ({ state, run }) => state === "running" && run !== undefined);
    runner.signal("SIGTERM");
    await runner.until("draining");
    runner.signal("SIGTERM");
    await runner.ended;
    const { state, reason } = await fleet.show(id);
    assert.deepEqual([state, reason], ["queued", "its host had to stop"]);
    await bailiwick(fleet.owner.place, ["tasks", "cancel", id]);
    runner = await fleet.runner(place, 2);
  });

  test("that is killed takes its runs along; its tasks are done again, or have failed, as was said", async () => {
    await fleet.pool({ leaseS: 10 });
    const { place } = runner;
    const again = await fleet.submit("echo x > x; sleep 4", "--on-lost", "retry");
    const fails = await fleet.submit("exec sleep 600", "--on-lost", "fail");
    const first = await fleet.until(again, ({ state, run }) => state === "running" && run !== undefined);
    await fleet.until(fails, ({ state, run }) => state === "running" && run !== undefined);
    await runner.kill();
    for (let tries = 0; readLive(place).length > 0; tries++) {
      assert.ok(tries < 300, "runs go on without their runner");
      await pause(100);
    }
    runner = await fleet.runner(place, 2);
    const failed = await fleet.until(fails, isDone);
    assert.deepEqual([failed.outcome, failed.attempts], ["failed", 1]);
    const done = await fleet.until(again, isDone);
    assert.deepEqual([done.outcome, done.attempts], ["succeeded", 2]);
    assert.notEqual(done.run, first.run);
  });
});

/** Runs of Bailiwick that go on at a place, by the files that they have there while they do. */
function readLive(place: Place): string[] {
  return readdirSync(join(place.state, "runs")).filter((name) => {
    if (!name.endsWith(".json")) return false;
    const { pid } = JSON.parse(readFileSync(join(place.state, "runs", name), "utf8")) as { pid: number };
    return existsSync(`/proc/${String(pid)}`);
  });
}
