/** Bodies of 1 GB through the gateway, both ways, and readers that do not read: all of it arrives, and the supervisor's memory stays small. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "node:https";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { makePlace, ofType, readEvents } from "../support/governed.ts";
import { inspectedProfile, makeAuthority, serveHttps } from "../support/https-server.ts";
import { startCommand } from "../support/ongoing.ts";

const BYTES = 1_000_000_000;
const BLOCK = Buffer.alloc(1 << 20, "the quick brown fox jumps over the lazy dog; ");
/** Of what passes, beyond what the supervisor needs for itself. The bodies are several times as long. */
const MOST_MORE_KIB = 200 * 1024;
/** What the buffers of both kernels and of both sides' streams may hold of a body that nobody reads. */
const MOST_UNREAD = 100e6;

const place = makePlace();
const authority = makeAuthority();
let server: Server;
let port = 0;
let received = 0;
let written = 0;
let letRead: (() => void) | undefined;

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === "/upload-unread") {
    letRead = () => request.resume();
    request.on("data", (chunk: Buffer) => (received += chunk.length));
    request.pause();
    request.on("end", () => response.end(String(received)));
  } else if (request.method === "POST") {
    request.on("data", (chunk: Buffer) => (received += chunk.length));
    request.on("end", () => response.end(String(received)));
  } else {
    response.writeHead(200, { "content-length": BYTES });
    Readable.from(blocks(), { highWaterMark: 1 }).pipe(response);
  }
}

/** No faster than it is taken. */
function* blocks(): Generator<Buffer> {
  while (written < BYTES) {
    const piece = BLOCK.subarray(0, Math.min(BLOCK.length, BYTES - written));
    written += piece.length;
    yield piece;
  }
}

/** Inside: sends or gets a body of that length; `slow` waits for a file before it reads more than the first piece. */
const CLIENT = `import { request } from "node:https";
import { existsSync } from "node:fs";
const [what, url] = process.argv.slice(2);
const BYTES = ${String(BYTES)};
const isUpload = what.startsWith("upload");
const sent = request(url, { method: isUpload ? "POST" : "GET", headers: isUpload ? { "content-length": BYTES } : {} });
sent.on("response", async (answer) => {
  let length = 0;
  let text = "";
  for await (const chunk of answer) {
    length += chunk.length;
    if (isUpload) text += chunk;
    if (what === "slow" && length === chunk.length) {
      console.log("reading nothing");
      while (!existsSync("go-on")) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  console.log("done", isUpload ? text : length);
});
if (isUpload) {
  const block = Buffer.alloc(1 << 20, "the quick brown fox jumps over the lazy dog; ");
  for (let left = BYTES; left > 0; left -= block.length) {
    if (!sent.write(block.subarray(0, Math.min(block.length, left)))) await new Promise((resolve) => sent.once("drain", resolve));
  }
}
sent.end();
`;

before(async () => {
  ({ server, port } = await serveHttps(authority.identityOf("api.test"), answer));
  place.write("home/project/client.mjs", CLIENT);
});
after(() => {
  server.close();
  server.closeAllConnections();
  authority.remove();
  place.remove();
});

function start(what: string, path: string) {
  [received, written, letRead] = [0, 0, undefined];
  const profile = place.write("profile.toml", inspectedProfile(authority, port));
  const url = `https://api.test:${String(port)}${path}`;
  const argv = ["--workspace", place.workspace, "--profile", profile, "--", process.execPath, "client.mjs", what, url];
  const going = startCommand(place, ["run", "--approvals", "deny", ...argv]);
  return { ...going, memory: watchMemory(going.child.pid ?? 0) };
}

/** The most memory of a process since it came to its work, and what it had then; in KiB. */
function watchMemory(pid: number): { readonly more: () => number } {
  let [first, most] = [0, 0];
  const look = (): void => {
    try {
      const status = readFileSync(`/proc/${String(pid)}/status`, "utf8");
      most = Math.max(most, Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0));
      if (received === 0 && written === 0 && letRead === undefined) first = most;
    } catch {
      // It has ended: what was seen last counts.
      clearInterval(timer);
    }
  };
  const timer = setInterval(look, 20);
  timer.unref();
  return { more: () => most - first };
}

for (const [what, path] of [
  ["upload", "/upload"],
  ["download", "/download"],
] as const) {
  test(`1 GB, ${what}ed`, async () => {
    const run = start(what, path);
    assert.equal(await run.ended(), 0);
    assert.match(await run.until(/done \d+/), new RegExp(`done ${String(BYTES)}`));
    assert.equal(what === "upload" ? received : written, BYTES);
    assert.ok(run.memory.more() < MOST_MORE_KIB, `${String(run.memory.more())} KiB more`);
    const [ended] = ofType(await readEvents(place), "request.ended");
    assert.equal(what === "upload" ? ended?.bytesSent : ended?.bytesReceived, BYTES);
  });
}

/** The count once it does not grow any more. */
async function standing(count: () => number): Promise<number> {
  for (let before = -1; ;) {
    const now = count();
    if (now === before && now > 0) return now;
    before = now;
    await pause(500);
  }
}

test("a reader that does not read stops the server, and what comes is all there when it does", async () => {
  const run = start("slow", "/download");
  await run.until(/reading nothing/);
  const unread = await standing(() => written);
  assert.ok(unread < MOST_UNREAD, `${String(unread)} bytes have left the server`);
  place.write("home/project/go-on", "");
  assert.equal(await run.ended(), 0);
  await run.until(new RegExp(`done ${String(BYTES)}`));
  assert.ok(run.memory.more() < MOST_MORE_KIB, `${String(run.memory.more())} KiB more`);
});

test("a server that does not read stops the client", async () => {
  const run = start("upload-unread", "/upload-unread");
  for (let tries = 0; letRead === undefined; tries++) {
    assert.ok(tries < 400, "the request came");
    await pause(50);
  }
  await pause(2_000);
  assert.equal(received, 0);
  assert.ok(run.memory.more() < MOST_MORE_KIB, `${String(run.memory.more())} KiB more`);
  letRead();
  assert.equal(await run.ended(), 0);
  await run.until(new RegExp(`done ${String(BYTES)}`));
  assert.ok(run.memory.more() < MOST_MORE_KIB, `${String(run.memory.more())} KiB more`);
});
