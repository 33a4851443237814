/** The disk of the record is full while requests are looked into: none is sent meanwhile, and none is lost. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2SecureServer } from "node:http2";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makePlace, type Place } from "../support/governed.ts";
import { inspectedProfile, makeAuthority, serveHttp2 } from "../support/https-server.ts";
import { FILL, onSmallDisk } from "../support/small-disk.ts";

const ANSWER = "yes\n.\n";
const authority = makeAuthority();
const places: Place[] = [];
const received: string[] = [];
/** What came though the disk was full for a second already. */
const late: string[] = [];
let isFull = (): boolean => false;
let server: Http2SecureServer;
let port = 0;

/** Inside: always so many requests on their way, each with a number, until there is a file `freed`; then says how many were answered. */
const CLIENT = `import { connect as connectTls } from "node:tls";
import { connect as connectHttp2 } from "node:http2";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
const [version, port] = process.argv.slice(2);
const AT_ONCE = 40;
const ca = readFileSync(process.env.NODE_EXTRA_CA_CERTS);
let [asked, answered] = [0, 0];
const done = () => {
  answered += 1;
  if (answered === AT_ONCE) writeFileSync("begun", "");
  if (!existsSync("freed")) ask();
  else if (answered === asked) { console.log("all " + answered + " answered"); process.exit(0); }
};
const fail = (error) => { console.log("failed", error); process.exit(1); };
let ask;
if (version === "http2") {
  const session = connectHttp2("https://api.test:" + port, { ca });
  session.on("error", fail);
  ask = () => {
    asked += 1;
    const stream = session.request({ ":path": "/" + asked });
    stream.on("error", fail);
    stream.on("response", (headers) => { if (headers[":status"] !== 200) fail(headers[":status"]); });
    stream.on("end", done);
    stream.resume();
  };
} else {
  // One after the other without waiting for answers: all of them lie in the gateway at once.
  const socket = connectTls({ host: "api.test", port, servername: "api.test", ca });
  socket.on("error", fail);
  socket.on("close", () => fail("closed"));
  ask = () => {
    asked += 1;
    socket.write("GET /" + asked + " HTTP/1.1\\r\\nHost: api.test:" + port + "\\r\\n\\r\\n");
  };
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    for (let end = text.indexOf("\\n.\\n"); end >= 0; end = text.indexOf("\\n.\\n")) {
      if (!text.startsWith("HTTP/1.1 200")) fail(text);
      text = text.slice(end + 3);
      done();
    }
  });
}
for (let index = 0; index < AT_ONCE; index++) ask();
`;

function answer(request: IncomingMessage, response: ServerResponse): void {
  received.push(request.url ?? "");
  if (isFull()) late.push(request.url ?? "");
  response.setHeader("content-length", ANSWER.length);
  response.end(ANSWER);
}

before(async () => {
  ({ server, port } = await serveHttp2(authority.identityOf("api.test"), answer));
});
after(() => {
  server.close();
  authority.remove();
  for (const place of places) place.remove();
});

/** @param meanwhile lines of shell beside the run, which is `$run`; then the record is read and verified */
async function onDisk(version: "http1" | "http2", meanwhile: readonly string[]) {
  received.length = 0;
  const place = makePlace();
  isFull = () => existsSync(join(place.workspace, "full"));
  places.push(place);
  place.write("home/project/client.mjs", CLIENT);
  place.write("profile.toml", inspectedProfile(authority, port));
  const script = [
    `$bailiwick run --approvals deny --profile ../../profile.toml -- ${process.execPath} client.mjs ${version} ${String(port)} 2> said & run=$!`,
    'await() { for i in $(seq 600); do eval "$1" && return; sleep 0.05; done; echo "no: $1"; cat said; exit 9; }',
    "await '[ -e begun ]'",
    ...meanwhile,
    // Nothing makes room for one who was killed before it has ended.
    'wait $run || echo "ended with $?"; rm -f "$disk/filler"',
    "cat said",
    "$bailiwick audit verify",
    "$bailiwick runs show last --json",
  ];
  const { status, output } = await onSmallDisk(place, script.join("\n"), "24m");
  assert.equal(status, 0, output);
  assert.match(output, /^verified the record/m);
  const events = output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { type: string; path?: string });
  const recorded = events.filter(({ type }) => type === "request.sent").map(({ path }) => path ?? "");
  return { output, recorded };
}

/** Filled when some are in the record. */
const FROZEN = [
  "await '$bailiwick runs show last --json 2>/dev/null | grep -q request.sent'",
  FILL,
  "await 'grep -q \"the run is frozen\" said'",
];

for (const version of ["http1", "http2"] as const) {
  describe(`the disk is full, requests over ${version}`, () => {
    test("all are sent, once and in order, when there is room again", async () => {
      const { output, recorded } = await onDisk(version, [...FROZEN, 'touch freed; rm "$disk/filler"']);
      assert.match(output, /the record can be written again/);
      const count = Number(/^all (\d+) answered$/m.exec(output)?.[1]);
      assert.ok(count >= 40, output);
      assert.deepEqual(received, recorded);
      assert.deepEqual(new Set(received).size, count);
      assert.equal(received.length, count);
    });

    test("none leaves before there is, and what was sent before it was full is in the record though Bailiwick is killed", async () => {
      const { output, recorded } = await onDisk(version, [...FROZEN, "sleep 1; touch full; sleep 2; kill -9 $run"]);
      assert.match(output, /^ended with 137$/m);
      assert.deepEqual(late, []);
      assert.ok(recorded.length > 0);
      assert.deepEqual(received.slice(0, recorded.length), recorded);
    });
  });
}

test("with room nothing waits", async () => {
  const { output, recorded } = await onDisk("http1", ["touch freed"]);
  assert.doesNotMatch(output, /the run is frozen/);
  assert.match(output, /^all \d+ answered$/m);
  assert.deepEqual(received, recorded);
});
