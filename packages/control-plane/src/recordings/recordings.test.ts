/** Recordings of terminals at the server: kept in order, once, as far as the host's record speaks of them; compared with it; erased with their run. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { eraseRuns, type NewEvent } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import { followRecording, MOST_PIECE_BYTES, MOST_READ_BYTES, type Client } from "../../contract/index.ts";
import { makeHost, type TestHost } from "../../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, startAlone, type Served } from "../../test/served.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let database: string | undefined;
let served: Served;
let host: TestHost;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  database = await postgres?.makeDatabase();
  served = await serve({ database });
  await served.person("robin");
  host = await makeHost(served, "robin");
});
after(async () => {
  host.remove();
  await served.stop();
  await postgres?.stop();
});

const START = Date.now();
const opened = (send = true): NewEvent => ({
  ...{ type: "recording.opened", at: START, columns: 80, rows: 24 },
  ...(send && { send }),
});
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const grown = (bytes: Uint8Array): NewEvent => ({
  ...{ type: "recording.grown", at: START, bytes: bytes.length, digest: digestOf(bytes) },
});
const closed = (bytes: Uint8Array): NewEvent => ({
  ...{ type: "recording.closed", at: START, bytes: bytes.length, digest: digestOf(bytes) },
  ...{ frames: 1, dropped: 0, redactions: 0, reason: "ended" },
});

async function told(events: readonly NewEvent[], run?: RunId): Promise<RunId> {
  const written = await host.write(events, run);
  await host.send();
  return written;
}

async function send(run: string, from: number, bytes: Uint8Array, by = host) {
  const body = { from, bytes: Buffer.from(bytes).toString("base64") };
  return await by.client.call("appendRecording", { params: { host: by.id, run }, body });
}

const show = async (run: string) => await served.owner.call("showRecording", { params: { run } });
const read = async (run: string, query: { from?: number; most?: number } = {}) =>
  Buffer.from(await served.owner.call("readRecording", { params: { run }, query }));

/** What the server's log has about a run. */
async function notesOf(run: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return (await served.owner.call("report", { query: { run, limit: 1_000 } })).items.map(({ note }) => note);
}

const CAST = Buffer.from(`{"version":3,"term":{"cols":80,"rows":24}}\n${'[0.5,"o","hello\\r\\n"]\n'.repeat(50)}`);

describe("a recording at the server", () => {
  test("grows piece by piece, in order and each once, and is read in any range", async () => {
    const run = await told([opened()]);
    assert.deepEqual(await send(run, 0, CAST.subarray(0, 100)), { bytes: 100, wanted: true });
    // Again, from elsewhere, and with a gap: left out, and said where to go on.
    for (const from of [0, 50, 101]) {
      assert.deepEqual(await send(run, from, CAST.subarray(from)), { bytes: 100, wanted: true });
    }
    await send(run, 100, CAST.subarray(100, 300));
    await send(run, 300, CAST.subarray(300));
    assert.deepEqual(await read(run), CAST);
    assert.deepEqual(await read(run, { from: 99, most: 202 }), CAST.subarray(99, 301));
    assert.deepEqual(await read(run, { from: CAST.length }), Buffer.alloc(0));
    assert.deepEqual(await show(run), {
      ...{ state: "growing", openedAt: START, columns: 80, rows: 24 },
      ...{ bytes: CAST.length, checked: 0, differs: false },
    });
  });

  test("is whole when the record says its end and all of it is here, whatever comes first; nothing behind it is taken", async () => {
    const wanted = async () => (await host.client.call("wantedRecordings", { params: { host: host.id } })).items;
    const run = await told([opened()]);
    await send(run, 0, CAST);
    assert.ok((await wanted()).some((each) => each.run === run && each.bytes === CAST.length));
    await told([grown(CAST.subarray(0, 40)), closed(CAST)], run);
    assert.ok(!(await wanted()).some((each) => each.run === run));
    const whole = { state: "whole", whole: CAST.length, bytes: CAST.length, checked: CAST.length, differs: false };
    assert.deepEqual(await show(run), { ...{ openedAt: START, columns: 80, rows: 24 }, ...whole });
    assert.deepEqual(await send(run, CAST.length, Buffer.from("more")), { bytes: CAST.length, wanted: false });

    const later = await told([opened(), grown(CAST.subarray(0, 40)), closed(CAST)]);
    assert.deepEqual(await send(later, 0, Buffer.concat([CAST, Buffer.from("more")])), {
      ...{ bytes: CAST.length, wanted: false },
    });
    assert.deepEqual(await show(later), { ...{ openedAt: START, columns: 80, rows: 24 }, ...whole });
  });

  test("that is not what the record says is shown to differ, from then on, and is in the server's log once", async () => {
    const run = await told([opened(), grown(CAST.subarray(0, 40))]);
    const other = Buffer.from(CAST);
    other[60] = (other[60] ?? 0) ^ 1;
    await send(run, 0, other);
    const { checked, differs } = await show(run);
    assert.deepEqual([checked, differs], [40, false]);
    await told([grown(CAST.subarray(0, 80)), closed(CAST)], run);
    const { state, ...rest } = await show(run);
    assert.deepEqual([state, rest.checked, rest.differs], ["whole", 40, true]);
    assert.deepEqual(
      (await notesOf(run)).filter(({ type }) => type === "recording.differs"),
      [{ type: "recording.differs", host: host.id, run, bytes: 80 }],
    );
  });

  test("is compared by an instance that was not there before", async () => {
    const run = await told([opened()]);
    await send(run, 0, CAST.subarray(0, 500));
    await told([grown(CAST.subarray(0, 450))], run);
    assert.equal((await show(run)).checked, 450);
    if (database === undefined) return;
    const { server } = await startAlone({ database, state: served.state });
    try {
      await told([grown(CAST.subarray(0, 500))], run);
      const other = served.as(served.ownerToken);
      assert.equal((await other.call("showRecording", { params: { run } })).checked, 500);
    } finally {
      await server.close();
    }
  });

  test("is taken from its host alone, and only where the record says that it may leave it", async () => {
    const stays = await told([opened(false)]);
    assert.deepEqual(await send(stays, 0, CAST), { bytes: 0, wanted: false });
    assert.equal((await show(stays)).state, "host");
    assert.equal((await read(stays)).length, 0);
    const unspoken = await host.record();
    await host.send();
    await assert.rejects(send(unspoken, 0, CAST), { code: "SERVER_NOT_FOUND" });
    assert.equal((await show(unspoken)).state, "none");
    const run = await told([opened()]);
    const other = await makeHost(served, "robin");
    try {
      await assert.rejects(send(run, 0, CAST, other), { code: "SERVER_NOT_FOUND" });
      const body = { from: 0, bytes: "AAAA" };
      await assert.rejects(other.client.call("appendRecording", { params: { host: host.id, run }, body }), {
        code: "SERVER_FORBIDDEN",
      });
    } finally {
      other.remove();
    }
    for (const bytes of ["AA==AA==", "A!AA", Buffer.alloc(MOST_PIECE_BYTES + 1).toString("base64")]) {
      const body = { from: 0, bytes };
      await assert.rejects(host.client.call("appendRecording", { params: { host: host.id, run }, body }), {
        code: "SERVER_MALFORMED",
      });
    }
  });

  test("is erased with its run, and what is on its way then is not taken", async () => {
    const run = await told([opened(), grown(CAST.subarray(0, 40))]);
    await send(run, 0, CAST.subarray(0, 100));
    await eraseRuns(host.log, { runs: [run], by: "robin", reason: "x", at: Date.now(), isRunning: () => false });
    await host.send();
    assert.deepEqual(await send(run, 100, CAST.subarray(100)), { bytes: 0, wanted: false });
    assert.deepEqual(await send(run, 0, CAST), { bytes: 0, wanted: false });
    const { state, bytes } = await show(run);
    assert.deepEqual([state, bytes, (await read(run)).length], ["erased", 0, 0]);
  });

  test("many small pieces, and large ones, are read as they were written", async () => {
    const run = await told([opened()]);
    const pieces: Buffer[] = [];
    for (let index = 0, at = 0; index < 40; index++) {
      const length = index % 9 === 8 ? MOST_PIECE_BYTES : 1 + ((index * 7_919) % 3_000);
      const piece = Buffer.alloc(length, String.fromCharCode(97 + (index % 26)));
      pieces.push(piece);
      at = (await send(run, at, piece)).bytes;
    }
    const all = Buffer.concat(pieces);
    const parts: Buffer[] = [];
    for (let from = 0; from < all.length; from += MOST_READ_BYTES) parts.push(await read(run, { from }));
    assert.ok(Buffer.concat(parts).equals(all));
    await told([closed(all)], run);
    assert.equal((await show(run)).checked, all.length);
  });
});

describe("following a recording", () => {
  async function collect(client: Client, run: string, until: (text: string) => boolean): Promise<string> {
    const ending = new AbortController();
    let text = "";
    const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(20_000)]);
    for await (const each of followRecording(client, run, { signal })) {
      if ("over" in each) return `${text} over`;
      text += Buffer.from(each.bytes).toString();
      if (until(text)) ending.abort();
    }
    return text;
  }

  test("has what there is, then what comes, at any instance, and ends with it", async () => {
    const run = await told([opened()]);
    await send(run, 0, Buffer.from("one "));
    const following = collect(served.owner, run, () => false);
    await send(run, 4, Buffer.from("two "));
    await send(run, 8, Buffer.alloc(200_000, "x"));
    await told([closed(Buffer.concat([Buffer.from("one two "), Buffer.alloc(200_000, "x")]))], run);
    assert.equal(await following, `one two ${"x".repeat(200_000)} over`);
  });

  test("goes on where it was, by the id of the last event", async () => {
    const run = await told([opened()]);
    await send(run, 0, Buffer.from("0123456789"));
    const response = await served.owner.open(
      "watchRecording",
      { params: { run } },
      { headers: { "last-event-id": "7" } },
    );
    const reader = response.body?.getReader();
    let text = "";
    while (!text.includes("data:")) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    assert.match(text, new RegExp(`id: 10\ndata: ${Buffer.from("789").toString("base64")}\n\n`));
    await reader?.cancel();
  });

  test("ends when the right is taken away, within seconds", async () => {
    const run = await told([opened()]);
    await send(run, 0, Buffer.from("seen"));
    const watcher = await served.person("watcher");
    const { id } = await served.owner.call("grantRole", {
      body: { to: { type: "Person", id: "watcher" }, role: "responder", scope: { type: "Run", id: run } },
    });
    const response = await watcher.open("watchRecording", { params: { run } });
    const reader = response.body?.getReader();
    await reader?.read();
    await served.owner.call("endGrant", { params: { grant: id } });
    const ended = (async () => {
      for (;;) if ((await reader?.read())?.done !== false) return "ended";
    })().catch(() => "ended");
    await send(run, 4, Buffer.from(" more"));
    assert.equal(
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 15_000, "goes on").unref())]),
      "ended",
    );
    await assert.rejects(watcher.call("readRecording", { params: { run }, query: {} }), { code: "SERVER_FORBIDDEN" });
  });

  test("is a right of its own, as replaying is, and each use is in the server's log", async () => {
    const run = await told([opened()]);
    const scope = { type: "Run", id: run } as const;
    const rights = ["readRun", "watchRun", "replayRun", "watchTerminal"] as const;
    for (const right of rights) {
      const id = `only-${right.toLowerCase()}`;
      await served.owner.call("defineRole", { params: { role: id }, body: { actions: [right] } });
      const client = await served.person(id);
      await served.owner.call("grantRole", { body: { to: { type: "Person", id }, role: id, scope } });
      const may = async (name: "showRecording" | "readRecording" | "watchRecording") => {
        const stop = new AbortController();
        try {
          const given = { params: { run }, ...(name === "readRecording" && { query: {} }) };
          await client.open(name, given as never, { signal: stop.signal });
          return true;
        } catch (error) {
          assert.match(String(error), /no role permits/);
          return false;
        } finally {
          stop.abort();
        }
      };
      const replays = right === "replayRun";
      assert.deepEqual(
        [await may("showRecording"), await may("readRecording"), await may("watchRecording")],
        [replays, replays, right === "watchTerminal"],
        right,
      );
    }
    const notes = await notesOf(run);
    const of = (type: string, route: string) =>
      notes.filter((note) => note["type"] === type && note["route"] === route);
    assert.equal(of("right.used", "watchRecording").length, 1);
    assert.equal(of("right.used", "readRecording").length, 1);
    assert.equal(of("right.refused", "readRecording").length, 3);
  });
});
