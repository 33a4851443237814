/** The server's edge through the shipped command: bodies without end, senders that never finish, and TLS. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect as connectSecurely } from "node:tls";
import { setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace } from "../support/governed.ts";
import { residentMb } from "../support/held-connections.ts";
import { makeAuthority, type TestAuthority } from "../support/https-server.ts";

let server: RunningServer;
let owner: SignedIn;
const serverPlace = makePlace();

before(async () => {
  server = await startServer(serverPlace, {});
  owner = await setUp(server);
});
after(async () => {
  await server.stop();
  for (const each of [serverPlace, owner.place]) each.remove();
});

async function dial(): Promise<Socket> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** All that comes until the connection is over. */
async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (chunk: string) => (text += chunk));
  // Not by `once`, which rejects when what is still being sent is not taken any more.
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

const residentNow = (): number => residentMb(server.process.pid ?? 0);

async function isWell(): Promise<void> {
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
}

const MEGABYTE = Buffer.alloc(1 << 20, "a");

/** Sends up to 100 MB as fast as they are taken; resolves with how many megabytes went, and what was answered. */
async function flood(head: string, wrap: (piece: Buffer) => Buffer): Promise<{ sent: number; answer: string }> {
  const socket = await dial();
  const answered = readAll(socket);
  socket.write(head);
  let sent = 0;
  for (; sent < 100 && !socket.destroyed && socket.writable; sent++) {
    if (!socket.write(wrap(MEGABYTE))) {
      await Promise.race([new Promise((resolve) => socket.once("drain", resolve)), answered]);
    }
  }
  socket.end();
  return { sent, answer: await answered };
}

describe("a body of 100 MB", () => {
  const whole = (piece: Buffer): Buffer => piece;
  const chunk = (piece: Buffer): Buffer =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n")]);
  for (const [what, path, length, wrap] of [
    ["at an open route", "/api/v1/hosts", `Content-Length: ${String(100 << 20)}`, whole],
    ["in chunks at an open route", "/api/v1/hosts", "Transfer-Encoding: chunked", chunk],
    ["where records are sent", "/api/v1/hosts/h/log", "Transfer-Encoding: chunked", chunk],
  ] as const) {
    test(`${what} is refused before most of it was read, and held by nobody`, async () => {
      const before = residentNow();
      const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;
      const { sent, answer } = await flood(head, wrap);
      assert.match(answer, /^HTTP\/1\.1 413 .*SERVER_TOO_LARGE/s);
      assert.ok(sent < 60, `${String(sent)} MB were taken`);
      assert.ok(residentNow() - before < 80, `${String(before)} MB before, ${String(residentNow())} after`);
      await isWell();
    });
  }

  test("negative control: a small one is looked at", async () => {
    const { answer } = await flood(
      "POST /api/v1/hosts HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
      () => Buffer.alloc(0),
    );
    assert.match(answer, /SERVER_MALFORMED/);
  });
});

describe("who never finishes", () => {
  test("a hundred half heads keep nobody else from being answered, and are ended", async () => {
    const sockets = await Promise.all(Array.from({ length: 100 }, () => dial()));
    for (const socket of sockets) socket.write("GET /api/v1/runs HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    await isWell();
    const answers = await Promise.all(sockets.map((socket) => readAll(socket)));
    for (const answer of answers) assert.match(answer, /^(HTTP\/1\.1 408 .*)?$/s);
  });
});

/** @returns what was spoken by a client that knows nothing newer than this */
async function greet(url: string, authority: TestAuthority, maxVersion: "TLSv1.2" | "TLSv1.3"): Promise<string | null> {
  const port = Number(new URL(url).port);
  const socket = connectSecurely({ host: "localhost", port, ca: readFileSync(authority.file), maxVersion });
  await once(socket, "secureConnect");
  const version = socket.getProtocol();
  socket.destroy();
  return version;
}

describe("a server with a certificate", () => {
  let authority: TestAuthority;
  before(() => {
    authority = makeAuthority();
  });
  after(() => {
    authority.remove();
  });

  test("speaks to hosts that trust its authority, to no others, and neither in plain text nor by an older TLS", async () => {
    const [place, host] = [makePlace(), makePlace()];
    const { key, cert } = authority.identityOf("localhost");
    const [certFile, keyFile] = [join(place.root, "cert.pem"), join(place.root, "key.pem")];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
    const options = ["--listen", "localhost:0", "--tls-cert", certFile, "--tls-key", keyFile];
    const secure = await startServer(place, { options });
    try {
      assert.match(secure.url, /^https:\/\/localhost:/);
      const env = { NODE_EXTRA_CA_CERTS: authority.file };
      const login = ["login", secure.url, "--set-up", "Olivia"];
      const stranger = await bailiwick(host, login, { input: `${secure.setUpToken ?? ""}\n` });
      assert.notEqual(stranger.status, 0);
      assert.match(
        stranger.stderr,
        /UNABLE_TO_VERIFY_LEAF_SIGNATURE\n.*its certificate is not trusted here: .*NODE_EXTRA_CA_CERTS/,
      );
      const known = await bailiwick(host, login, { input: `${secure.setUpToken ?? ""}\n`, env });
      assert.equal(known.status, 0, known.stderr);
      const invited = await bailiwick(host, ["server", "call", "invite", '{"body":{"person":"olivia"}}'], { env });
      const { secret } = JSON.parse(invited.stdout) as { secret: string };
      const enrolled = await bailiwick(host, ["enroll", secure.url, secret], { env });
      assert.equal(enrolled.status, 0, enrolled.stderr);
      assert.equal((await bailiwick(host, ["run", "--approvals", "deny", "--", "true"], { env })).status, 0);
      assert.equal((await bailiwick(host, ["sync"], { env })).status, 0);
      const listed = await bailiwick(host, ["runs", "list", "--server", "--json"], { env });
      assert.match(listed.stdout, /"command":\["true"\]/);
      const plain = connect(Number(new URL(secure.url).port), "localhost");
      plain.on("error", () => undefined);
      plain.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assert.doesNotMatch(await readAll(plain), /200|ok/);
      await assert.rejects(greet(secure.url, authority, "TLSv1.2"), { code: "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION" });
      assert.equal(await greet(secure.url, authority, "TLSv1.3"), "TLSv1.3");
    } finally {
      await secure.stop();
      for (const each of [place, host]) each.remove();
    }
  });

  test("that is not its key's does not start, and says so", async () => {
    const place = makePlace();
    try {
      const [certFile, keyFile] = [join(place.root, "cert.pem"), join(place.root, "key.pem")];
      writeFileSync(certFile, authority.identityOf("localhost").cert);
      writeFileSync(keyFile, authority.identityOf("localhost").key);
      const started = await bailiwick(place, [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--tls-cert",
        certFile,
        "--tls-key",
        keyFile,
      ]);
      assert.equal(started.status, 125);
      assert.match(started.stderr, /cannot listen on .*key values mismatch.*\n.*check the certificate and its key/);
    } finally {
      place.remove();
    }
  });
});
