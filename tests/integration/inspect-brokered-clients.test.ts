/** Clients that need a login and have only a placeholder: pip, npm, gh, requests, curl, Node's WebSocket; before servers that want the real one. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Server } from "node:https";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { after, before, beforeEach, describe, test } from "node:test";
import { makePlace, ofType, runGoverned, type Governed } from "../support/governed.ts";
import { makeAuthority, serveHttps } from "../support/https-server.ts";
import { packTiny, tinyPackument } from "../support/npm-package.ts";
import { findTool, withoutModule, withoutTool } from "../support/tools.ts";

const SECRET = "tok_realSecretrealSecretrealSecret0123456789";
const WHEEL = "tiny-1.0-py3-none-any.whl";
const gh = findTool("gh");
const place = makePlace();
const authority = makeAuthority();
let server: Server;
let port = 0;
let wheel: Buffer = Buffer.alloc(0);
let tarball: Buffer = Buffer.alloc(0);
const seen: string[] = [];

/** `Bearer`, `token`, or the password of `Basic`; in clear text. */
function loginOf({ headers }: IncomingMessage): string {
  const [, scheme = "", value = ""] = /^(\w+) (\S+)$/.exec(headers.authorization ?? "") ?? [];
  if (scheme.toLowerCase() !== "basic") return value;
  return Buffer.from(value, "base64").toString().replace(/^.*?:/, "");
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { method = "", url = "" } = request;
  request.resume();
  seen.push(`${method} ${url}`);
  // As pip, npm and gh expect it: who does not say who they are is asked.
  if (loginOf(request) !== SECRET) response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end("{}");
  else (ROUTES.find(([pattern]) => pattern.test(`${method} ${url}`))?.[1] ?? nothing)(request, response);
}
const nothing = (_: IncomingMessage, response: ServerResponse): void => {
  response.writeHead(404).end("{}");
};
const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(value));
};
const ROUTES: readonly [pattern: RegExp, answer: (request: IncomingMessage, response: ServerResponse) => void][] = [
  [/^GET \/simple\/tiny\/$/, (_, response) => {
    const sha256 = createHash("sha256").update(wheel).digest("hex");
    response.writeHead(200, { "content-type": "text/html" }).end(`<a href="/files/${WHEEL}#sha256=${sha256}">${WHEEL}</a>`);
  }],
  [/^GET \/files\//, (_, response) => void response.end(wheel)],
  [/^GET \/@acme(%2f|\/)tiny$/i, (_, response) => json(response, tinyPackument(tarball, url("/tarballs/tiny-1.0.0.tgz")))],
  [/^GET \/tarballs\//, (_, response) => void response.end(tarball)],
  [/^GET \/api\/v3\/user$/, (_, response) => json(response, { login: "ada" })],
  [/^POST \/api\/v3\/repos\/acme\/app\/issues$/, (_, response) => json(response, { number: 7 }, 201)],
  [/^GET \/plain$/, (_, response) => void response.end("welcome\n")],
]; // prettier-ignore

/** Sends every short text frame back. @see https://www.rfc-editor.org/rfc/rfc6455#section-5.2 */
function echo(request: IncomingMessage, socket: Duplex): void {
  seen.push(`UPGRADE ${request.url ?? ""}`);
  socket.on("error", () => undefined);
  if (new URL(url(request.url)).searchParams.get("key") !== SECRET) {
    socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  const key = `${request.headers["sec-websocket-key"] ?? ""}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on("data", (frame: Buffer) => {
    const length = (frame[1] ?? 0) & 0x7f;
    const [mask, payload] = [frame.subarray(2, 6), frame.subarray(6, 6 + length)];
    const text = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
    if (((frame[0] ?? 0) & 0x0f) === 1) socket.write(Buffer.concat([Buffer.from([0x81, length]), text]));
    else socket.end(Buffer.from([0x88, 0]));
  });
}

before(async () => {
  ({ server, port } = await serveHttps(authority.identityOf("api.test", "ws.test"), answer));
  server.on("upgrade", echo);
  tarball = packTiny(place);
  wheel = makeWheel();
});
after(() => {
  server.close();
  server.closeAllConnections();
  authority.remove();
  place.remove();
});
beforeEach(() => {
  seen.length = 0;
});

/** As an archive of one module; made by Python itself. */
function makeWheel(): Buffer {
  const file = join(place.root, WHEEL);
  mkdirSync(dirname(file), { recursive: true });
  const script = `import sys, zipfile
z = zipfile.ZipFile(sys.argv[1], "w")
z.writestr("tiny.py", "answer = 42\\n")
i = "tiny-1.0.dist-info/"
z.writestr(i + "METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
z.writestr(i + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
z.writestr(i + "RECORD", "tiny.py,,\\n" + i + "METADATA,,\\n" + i + "WHEEL,,\\n" + i + "RECORD,,\\n")
z.close()`;
  execFileSync("/usr/bin/python3", ["-c", script, file]);
  return readFileSync(file);
}

const url = (path = "/", host = "api.test"): string => `https://${host}:${String(port)}${path}`;
const credential = (name: string, host: string, more: string): string =>
  `[credentials.${name}]\nhosts = ["${host}"]\nsource = { env = "REAL_TOKEN" }\n${more}\n`;
const profile = (variable: string): string => `extends = "standard"
[filesystem]
read = ${JSON.stringify([dirname(process.execPath), ...(gh?.folders ?? [])])}
[network]
allow = ["api.test:${String(port)}", "ws.test:${String(port)}"]
trust = ["${authority.file}"]
[network.hosts]
"api.test" = "127.0.0.1"
"ws.test" = "127.0.0.1"
${credential("service", "api.test", `kind = "bearer"\nvariable = "${variable}"`)}
${credential("stream", "ws.test", 'kind = "query"\nparameter = "key"\nvariable = "WS_KEY"')}`;

async function run(script: string, variable = "TOKEN"): Promise<Governed> {
  const argv = ["sh", "-ec", script];
  const done = await runGoverned(place, { argv, profile: profile(variable), env: { REAL_TOKEN: SECRET } });
  for (const text of [done.stdout, done.stderr, JSON.stringify(done.events)]) assert.ok(!text.includes(SECRET));
  return done;
}
const credentialsOf = ({ events }: Governed): readonly (string | undefined)[] => [
  ...new Set(ofType(events, "request.sent").map((sent) => sent.credential)),
];

/** Each has `$TOKEN` inside, and nothing else. The last word says what must come out. */
const clients: readonly [name: string, skip: string | false, script: () => string, wanted: RegExp, asked: readonly string[]][] = [
  ["curl, by a header", withoutTool("curl"), () => `curl -sS -H "Authorization: token $TOKEN" ${url("/plain")}`, /^welcome\n$/, ["GET /plain"]],
  ["requests, by Basic", withoutModule("requests"), () => `/usr/bin/python3 -c 'import os, requests; a = requests.get("${url("/plain")}", auth=("ada", os.environ["TOKEN"])); a.raise_for_status(); print(a.text, end="")'`, /^welcome\n$/, ["GET /plain"]],
  ["pip, by a password in the index's URL", withoutModule("pip"), () => `/usr/bin/python3 -m pip install -q --no-input --disable-pip-version-check --no-cache-dir --target lib --index-url "https://ada:$TOKEN@api.test:${String(port)}/simple/" tiny && PYTHONPATH=lib /usr/bin/python3 -c 'import tiny; print(tiny.answer)'`, /^42\n$/, ["GET /simple/tiny/", `GET /files/${WHEEL}`]],
  ["npm, by `_authToken`", withoutTool("npm"), () => `mkdir n; cd n; echo '//api.test:${String(port)}/:_authToken=\${TOKEN}' > .npmrc; npm install --no-audit --no-fund --no-update-notifier --loglevel error --registry ${url()} @acme/tiny >&2; cat node_modules/@acme/tiny/package.json`, /"version": ?"1\.0\.0"/, ["GET /@acme%2ftiny", "GET /tarballs/tiny-1.0.0.tgz"]],
]; // prettier-ignore

describe("with a placeholder for a login", () => {
  for (const [name, skip, script, wanted, asked] of clients) {
    test(name, { skip }, async () => {
      const done = await run(script());
      assert.equal(done.status, 0, done.stderr);
      assert.match(done.stdout, wanted);
      assert.deepEqual(seen, asked);
      assert.deepEqual(credentialsOf(done), ["service"]);
    });
  }

  test("gh, at a server of a company's own", { skip: withoutTool("gh") }, async () => {
    const command = gh?.path ?? "";
    const done = await run(
      `export GH_HOST=api.test:${String(port)}; ${command} api user --jq .login; ${command} api repos/acme/app/issues -f title=broken --jq .number`,
      "GH_ENTERPRISE_TOKEN",
    );
    assert.deepEqual([done.status, done.stdout], [0, "ada\n7\n"], done.stderr);
    assert.deepEqual(seen, ["GET /api/v3/user", "POST /api/v3/repos/acme/app/issues"]);
    assert.deepEqual(credentialsOf(done), ["service"]);
  });

  test("Node's WebSocket, by a parameter", async () => {
    const script = `const s = new WebSocket("wss://ws.test:${String(port)}/echo?key=" + process.env.WS_KEY); s.onopen = () => s.send("ping"); s.onmessage = (m) => { console.log(m.data); s.close(); }; s.onerror = () => { console.log("failed"); process.exit(1); }`;
    place.write("home/project/socket.mjs", script);
    const done = await run(`${process.execPath} socket.mjs`);
    assert.deepEqual([done.status, done.stdout], [0, "ping\n"], done.stderr);
    assert.deepEqual(seen, [`UPGRADE /echo?key=${SECRET}`]);
    assert.deepEqual(credentialsOf(done), ["stream"]);
  });
});

test("without the placeholder none of these servers answers", async () => {
  const { stdout } = await run(`curl -sS -o /dev/null -w '%{http_code}\n' -H "Authorization:" ${url("/plain")}`);
  assert.equal(stdout, "401\n");
  assert.deepEqual(seen, ["GET /plain"]);
});

test("a key of somebody's own does not take the place of it", async () => {
  const done = await run(`curl -sS -H "Authorization: Bearer tok_ofTheAttackerofTheAttacker" ${url("/plain")}`);
  assert.match(done.stdout, /^bailiwick: refused: .* carries another/);
  assert.deepEqual(seen, []);
});
