/** Who asks for a recording, live or in pieces, and does not read: many of them, at the shipped server: what they cost it, and how they come back. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { Client, MOST_PIECE_BYTES, MOST_READ_BYTES } from "../../packages/control-plane/contract/index.ts";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { startServer, type RunningServer } from "../support/control-plane.ts";
import { eventually } from "../support/going.ts";
import { heldOf, residentMb } from "../support/held-connections.ts";
import { makePlace } from "../support/governed.ts";

/** Of each kind. */
const SLOW = 24;
/** Pieces that one connection asks for, one behind the other without having read any: together more than the kernel keeps for it. */
const AHEAD = 8;
/** More than the kernel keeps for a connection of which nobody reads. */
const PIECES = 48;
const DEADLINE_MS = 60_000;
/** With all that was asked for it would be more than 200 for the pieces alone. */
const MOST_GROWN_MB = 150;

const found = findPostgres();
let postgres: Postgres;
let server: RunningServer;
let owner: Client;
let token: string;
let host: TestHost;
let run: string;
const place = makePlace();
/** What terminals show: lines that are all different. */
const cast = Buffer.from(
  Array.from({ length: (PIECES * MOST_PIECE_BYTES) / 64 }, (_, line) => `${String(line).padStart(63)}\n`).join(""),
);

before(async () => {
  if ("missing" in found) return;
  postgres = await startPostgres(found.programs);
  server = await startServer(place, { database: await postgres.makeDatabase() });
  const { url, setUpToken = "" } = server;
  const nobody = new Client({ url, by: { nobody: true } });
  token = (await nobody.call("setUp", { body: { token: setUpToken, id: "olivia", name: "Olivia" } })).secret;
  owner = new Client({ url, by: { token } });
  host = await makeHost({ owner, server }, "olivia");
  run = await host.write([{ type: "recording.opened", at: Date.now(), columns: 80, rows: 24, send: true }]);
  await host.send();
  for (let from = 0; from < cast.length; from += MOST_PIECE_BYTES) {
    const bytes = cast.subarray(from, from + MOST_PIECE_BYTES).toString("base64");
    await host.client.call("appendRecording", { params: { host: host.id, run }, body: { from, bytes } });
  }
});
after(async () => {
  if ("missing" in found) return;
  host.remove();
  await server.stop();
  await postgres.stop();
  place.remove();
});

const PIECE = `bytes?most=${String(MOST_READ_BYTES)}`;

/** Asks, and reads nothing until it is told to. */
class Asking {
  readonly socket: Socket;
  readonly over: Promise<void>;
  #received = "";

  constructor(path: string, { from = 0, times = 1 } = {}) {
    const { hostname, port } = new URL(server.url);
    this.socket = connect(Number(port), hostname);
    this.socket.pause();
    this.over = new Promise((resolve) => this.socket.once("close", () => resolve()));
    // Dropped, it is reset.
    this.socket.on("error", () => undefined);
    const head = [`GET /api/v1/runs/${run}/recording/${path} HTTP/1.1`, `host: ${hostname}`];
    const headers = [...head, `authorization: Bearer ${token}`, `last-event-id: ${String(from)}`];
    this.socket.write([...headers, "", ""].join("\r\n").repeat(times));
  }

  /** @param restMs after whatever has come */
  read(restMs = 0): void {
    this.socket.setEncoding("latin1").on("data", (text: string) => {
      this.#received += text;
      if (restMs === 0) return;
      this.socket.pause();
      setTimeout(() => this.socket.resume(), restMs);
    });
    this.socket.resume();
  }

  /** Of the recording, as far as whole frames of it have come; and where they end. */
  get recorded(): { readonly bytes: Buffer; readonly to: number } {
    const frames = [...this.#received.matchAll(/^id: ([0-9]+)\ndata: ([A-Za-z0-9+/=]+)\n$/gm)];
    const bytes = Buffer.concat(frames.map(([, , data = ""]) => Buffer.from(data, "base64")));
    return { bytes, to: Number(frames.at(-1)?.[1] ?? 0) };
  }

  get length(): number {
    return this.#received.length;
  }

  close(): void {
    this.socket.destroy();
  }
}

const residentNow = (): number => residentMb(server.process.pid ?? 0);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("who does not read a recording", { skip: "missing" in found ? found.missing : false }, () => {
  test("costs the server little and others nothing; is dropped, comes back, and has missed nothing", async () => {
    const before = residentNow();
    let most = 0;
    const until = async (holds: () => boolean, what: string): Promise<void> => {
      await eventually(() => (most = Math.max(most, residentNow())) > 0 && holds(), what, DEADLINE_MS);
    };
    const live = Array.from({ length: SLOW }, () => new Asking("stream"));
    const pieces = Array.from({ length: SLOW }, () => new Asking(PIECE, { times: AHEAD }));
    const all = [...live, ...pieces];
    await until(() => heldOf(server.url, all).length === 2 * SLOW, "all of them ask");
    const quick = new Asking("stream");
    quick.read();
    await until(() => quick.length > (cast.length * 4) / 3, "who reads has all of it");
    assert.equal(sha256(quick.recorded.bytes), sha256(cast));
    // Each is dropped in the end, also who asked for pieces alone.
    await until(() => heldOf(server.url, all).length === 0, "those who do not read are dropped");
    assert.ok(most - before < MOST_GROWN_MB, `${String(Math.round(most - before))} MB more`);
    quick.close();
    const [slow] = live;
    const [piece] = pieces;
    assert.ok(slow !== undefined && piece !== undefined);
    for (const each of [slow, piece]) each.read();
    await Promise.all([slow.over, piece.over]);
    const { bytes, to } = slow.recorded;
    assert.ok(to > 0 && to < cast.length, `negative control: it was cut off before the end, at ${String(to)}`);
    assert.ok(
      piece.length < AHEAD * MOST_READ_BYTES,
      `negative control: so were the pieces, at ${String(piece.length)}`,
    );
    const again = new Asking("stream", { from: to });
    again.read();
    await until(() => again.length > ((cast.length - to) * 4) / 3, "who comes back has the rest");
    assert.equal(sha256(Buffer.concat([bytes, again.recorded.bytes])), sha256(cast));
    again.close();
  });

  test("reading slowly is reading: all pieces come, though it takes longer than not reading is borne", async () => {
    const slow = new Asking(PIECE, { times: AHEAD });
    slow.read(100);
    await eventually(() => slow.length > AHEAD * MOST_READ_BYTES, "all pieces are there", 2 * DEADLINE_MS);
    slow.close();
  });
});
