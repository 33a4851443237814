/** A database that can only be read: what is there can be looked at, who looked is in the log afterwards, and nothing is changed. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Owed } from "./arrivals/owed.ts";
import { makeHost, type TestHost } from "../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { serve, type Served } from "../test/served.ts";
import { queryAnyway, setReadOnly } from "../test/read-only.ts";

const programs = findPostgres();
const skip = "missing" in programs ? programs.missing : false;
let postgres: Postgres;
let database: string;
let served: Served;
let host: TestHost;
let run: string;

before(async () => {
  if (!("programs" in programs)) return;
  postgres = await startPostgres(programs.programs);
  database = await postgres.makeDatabase();
  served = await serve({ database });
  host = await makeHost(served, "olivia");
  run = await host.record();
  await host.send();
});
after(async () => {
  if (skip !== false) return;
  host.remove();
  await served.stop();
  await postgres.stop();
});

const isReadOnly = async (): Promise<boolean> => (await served.owner.call("session", {})).readOnly === true;
async function until(readOnly: boolean): Promise<void> {
  await setReadOnly(database, readOnly);
  while ((await isReadOnly()) !== readOnly) await pause(20);
}

describe("a database that is read-only", { skip }, () => {
  test("what is there is shown; what changes something says why not; who read what is in the log once it is written to", async () => {
    assert.equal(await isReadOnly(), false);
    await until(true);
    await served.owner.call("showRun", { params: { run } });
    assert.equal((await served.owner.call("readRun", { params: { run }, query: {} })).items.length, 4);
    await served.owner.call("listHosts", { query: {} });
    await served.owner.call("proveEvent", { params: { run, seq: 1 }, query: {} });
    const refused = { code: "SERVER_READ_ONLY", message: /can only be read now: nothing was changed/ };
    await assert.rejects(served.owner.call("addTeam", { body: { id: "late", name: "Late" } }), refused);
    await assert.rejects(
      served.owner.call("killRuns", { body: { scope: { type: "Run", id: run }, reason: "x" } }),
      refused,
    );
    await host.record();
    await assert.rejects(host.send(), refused);
    const { items: before } = await served.owner.call("report", { query: { run } });
    assert.ok(!before.some(({ note }) => note["late"] === true), "none is in the log yet");

    await until(false);
    await served.owner.call("addTeam", { body: { id: "late", name: "Late" } });
    await host.send();
    const { items } = await served.owner.call("report", { query: { from: 0 } });
    const late = items.filter(({ note }) => note["late"] === true).map(({ note }) => note["route"]);
    assert.deepEqual(late.slice(0, 4), ["showRun", "readRun", "listHosts", "proveEvent"]);
    const after = items.findIndex(({ type, note }) => type === "right.used" && note["route"] === "addTeam");
    const lastLate = items.findLastIndex(({ note }) => note["late"] === true);
    assert.ok(lastLate < after, "what was read before something was changed stands before it");
    assert.equal(items.filter(({ note }) => note["route"] === "killRuns").length, 0);
  });

  test("a recording that was not compared yet is, and what came of it is kept once that can be written", async () => {
    const bytes = Buffer.from('{"version":3}\n[0.5,"o","hello"]\n');
    const claim = (of: Buffer) => ({
      ...{ type: "recording.grown" as const, at: Date.now(), bytes: of.length },
      digest: `sha256:${createHash("sha256").update(of).digest("hex")}`,
    });
    const recorded = async (told: Buffer): Promise<string> => {
      const opened = { type: "recording.opened", at: Date.now(), columns: 80, rows: 24, send: true } as const;
      const id = await host.write([opened]);
      await host.send();
      const body = { from: 0, bytes: bytes.toString("base64") };
      await host.client.call("appendRecording", { params: { host: host.id, run: id }, body });
      // Told of afterwards: nothing has looked at it when the database takes no more.
      await host.write([claim(told)], id);
      await host.send();
      return id;
    };
    const changed = Buffer.from(bytes);
    changed[20] = (changed[20] ?? 0) ^ 1;
    const [same, other] = [await recorded(bytes), await recorded(changed)];
    const shown = async () => {
      const found = [];
      for (const id of [same, other]) {
        const { checked, differs } = await served.owner.call("showRecording", { params: { run: id } });
        found.push([checked, differs]);
      }
      return found;
    };
    await until(true);
    const expected = [
      [bytes.length, false],
      [0, true],
    ];
    assert.deepEqual(await shown(), expected);
    const kept = `select 1 from recording where run = '${same}' and checked > 0`;
    assert.equal((await queryAnyway(database, kept)).length, 0);
    await until(false);
    assert.deepEqual(await shown(), expected);
    assert.equal((await queryAnyway(database, kept)).length, 1);
  });

  test("what is owed is written without anybody who asks for anything", async () => {
    await until(true);
    await served.owner.call("showHost", { params: { host: host.id } });
    await setReadOnly(database, false);
    const count = async (): Promise<number> => {
      const rows = await queryAnyway(database, "select 1 from noted where note like '%showHost%late%'");
      return rows.length;
    };
    while ((await count()) === 0) await pause(50);
    assert.equal(await count(), 1);
  });
});

test("who reads is refused where too much is owed already", () => {
  const owed = new Owed();
  const add = (): void => owed.add(1, { type: "record.refused", host: "h", fault: "f" });
  for (let each = 0; each < 10_000; each++) add();
  assert.throws(add, { code: "SERVER_READ_ONLY" });
  owed.paid(1);
  add();
  assert.equal(owed.notes.length, 10_000);
});
