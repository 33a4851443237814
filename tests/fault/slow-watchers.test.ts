/** Watchers of the live stream that do not read, many of them, at the shipped server: what they cost it and others, and how they come back. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { Client } from "../../packages/control-plane/contract/index.ts";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { startServer, type RunningServer } from "../support/control-plane.ts";
import { eventually } from "../support/going.ts";
import { heldOf, residentMb } from "../support/held-connections.ts";
import { makePlace } from "../support/governed.ts";

const WATCHERS = 16;
/** More than the kernel keeps for a connection of which nobody reads. */
const EVENTS = 1_200;
const EVENT_BYTES = 12_000;
/** With a whole batch for each of them it was 515. */
const MOST_GROWN_MB = 250;

const found = findPostgres();
let postgres: Postgres;
let server: RunningServer;
let owner: Client;
let token: string;
let host: TestHost;
const place = makePlace();

before(async () => {
  if ("missing" in found) return;
  postgres = await startPostgres(found.programs);
  server = await startServer(place, { database: await postgres.makeDatabase() });
  const { url, setUpToken = "" } = server;
  const nobody = new Client({ url, by: { nobody: true } });
  token = (await nobody.call("setUp", { body: { token: setUpToken, id: "olivia", name: "Olivia" } })).secret;
  owner = new Client({ url, by: { token } });
  host = await makeHost({ owner, server }, "olivia");
  await host.record({ execs: EVENTS, longBytes: EVENT_BYTES });
  while ((await host.send()) !== undefined);
});
after(async () => {
  if ("missing" in found) return;
  host.remove();
  await server.stop();
  await postgres.stop();
  place.remove();
});

/** All events after a place, by their numbers, as they come. Reads nothing until it is told to. */
class Watcher {
  readonly socket: Socket;
  readonly seen: number[] = [];
  /** Of a frame that has not come whole. */
  #rest = "";
  readonly over: Promise<void>;

  constructor(from: number) {
    const { hostname, port } = new URL(server.url);
    this.socket = connect(Number(port), hostname);
    this.socket.pause();
    this.over = new Promise((resolve) => this.socket.once("close", resolve));
    // Dropped, it is reset.
    this.socket.on("error", () => undefined);
    const head = ["GET /api/v1/stream HTTP/1.1", `host: ${hostname}`, `authorization: Bearer ${token}`];
    this.socket.write([...head, `last-event-id: ${String(from)}`, "", ""].join("\r\n"));
  }

  read(): void {
    this.socket.setEncoding("latin1").on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      // An event counts when the line after it has come: a browser forgets what was cut off.
      for (const [index, line] of lines.entries()) {
        if (line.startsWith("id: ")) this.#pending = Number(line.slice(4));
        else if (/^\r?$/.test(line) && this.#pending !== undefined && lines[index - 1] !== undefined) {
          this.seen.push(this.#pending);
          this.#pending = undefined;
        }
      }
    });
    this.socket.resume();
  }

  #pending: number | undefined;

  close(): void {
    this.socket.destroy();
  }
}

const residentNow = (): number => residentMb(server.process.pid ?? 0);

describe("watchers that do not read", { skip: "missing" in found ? found.missing : false }, () => {
  test("cost the server little and others nothing; they are dropped, come back, and have missed nothing", async () => {
    const before = residentNow();
    const slow = Array.from({ length: WATCHERS }, () => new Watcher(0));
    await eventually(() => heldOf(server.url, slow).length === WATCHERS, "all watch");
    const quick = new Watcher(0);
    quick.read();
    let most = 0;
    const look = (): void => {
      most = Math.max(most, residentNow());
    };
    const quickHas = async (count: number): Promise<void> => {
      const holds = (): boolean => {
        look();
        return quick.seen.length >= count;
      };
      await eventually(holds, `who reads has ${String(count)} events`, 120_000);
    };
    // What happens while the others hold their connections is with who reads, as all that was before.
    const more = await host.record({ execs: 3 });
    await host.send();
    const all = async (): Promise<number> => (await owner.call("listHosts", { query: {} })).items[0]?.size ?? 0;
    await quickHas(await all());
    assert.equal((await owner.call("showRun", { params: { run: more } })).entries, 4);
    // After ten seconds without reading each is dropped.
    await eventually(
      () => {
        look();
        return heldOf(server.url, slow).length === 0;
      },
      "the slow ones are dropped",
      120_000,
    );
    assert.ok(most - before < MOST_GROWN_MB, `${String(Math.round(most - before))} MB more`);
    const expected = Array.from({ length: await all() }, (_, index) => index + 1);
    assert.deepEqual(quick.seen, expected);
    quick.close();
    for (const each of slow) each.read();
    await Promise.all(slow.map(({ over }) => over));
    const [one] = slow;
    assert.ok(
      one !== undefined && one.seen.length < expected.length,
      "negative control: it was cut off before the end",
    );
    assert.deepEqual(one.seen, expected.slice(0, one.seen.length));
    const again = new Watcher(one.seen.at(-1) ?? 0);
    again.read();
    await eventually(() => one.seen.length + again.seen.length >= expected.length, "the rest has come", 120_000);
    assert.deepEqual([...one.seen, ...again.seen], expected);
    again.close();
  });
});
