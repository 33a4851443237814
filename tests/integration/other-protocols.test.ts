/** What is neither TLS nor HTTP passes by name and port as it is: the real Redis, and the first words of PostgreSQL and MySQL. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, test } from "node:test";
import { makePlace, ofType, runGoverned, type Governed, type Place } from "../support/governed.ts";

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  place.remove();
});

const profile = (port: number, name = "db.test"): string => `extends = "standard"
[network]
allow = ["${name}:${String(port)}"]
[network.hosts]
"${name}" = "127.0.0.1"
`;

async function inside(port: number, argv: readonly string[], text = profile(port)): Promise<Governed> {
  return await runGoverned(place, { argv, profile: text });
}

async function serve(speak: (socket: Socket) => void): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    speak(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

/** Sends bytes, in hexadecimal, once so many have come; prints what comes, in hexadecimal. */
const CLIENT = `
import socket, sys
s = socket.create_connection(("db.test", int(sys.argv[1])))
for step in sys.argv[2:]:
    wanted, sent = step.split(":")
    got = b""
    while len(got) < int(wanted):
        part = s.recv(int(wanted) - len(got))
        if not part: break
        got += part
    if got: print(got.hex())
    if sent: s.sendall(bytes.fromhex(sent))
`;

describe("other protocols", () => {
  test("Redis: commands and answers, and its host by no other name", async () => {
    const folder = place.root;
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(0, "127.0.0.1", resolve));
    const { port } = socket.address() as AddressInfo;
    await new Promise((resolve) => socket.close(resolve));
    const server = spawn(
      "redis-server",
      ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
      {
        stdio: "ignore",
      },
    );
    try {
      const ping = (): string | undefined => {
        try {
          return execFileSync("redis-cli", ["-p", String(port), "ping"], { stdio: "pipe", encoding: "utf8" });
        } catch (error) {
          if (error instanceof Error) return undefined;
          throw error;
        }
      };
      for (const until = Date.now() + 10_000; ping() !== "PONG\n"; await pause(20))
        assert.ok(Date.now() < until && server.exitCode === null, "redis-server (Debian: redis-server) answers");
      const cli = `redis-cli -h db.test -p ${String(port)}`;
      const run = await inside(port, [
        "sh",
        "-c",
        `${cli} set key value; ${cli} get key; ${cli} -h other.test get key`,
      ]);
      assert.match(run.stdout, /^OK\nvalue\n/);
      assert.match(run.stderr, /other\.test/);
      const opened = ofType(run.events, "connection.opened");
      assert.deepEqual(
        new Set(opened.map(({ host, port: at }) => `${host}:${String(at)}`)),
        new Set([`db.test:${String(port)}`]),
      );
      assert.ok(ofType(run.events, "host.refused").some(({ host }) => host === "other.test"));
      assert.equal(ofType(run.events, "request.sent").length, 0, "nothing of it is looked into");
    } finally {
      const closed = new Promise((resolve) => server.once("close", resolve));
      server.kill();
      await closed;
    }
  });

  test("PostgreSQL: the client asks for encryption first, in the clear", async () => {
    // SSLRequest, answered by N; then the start-up message, answered by AuthenticationOk.
    const [request, startUp, ok] = ["0000000804d2162f", "0000001200030000757365720061620000", "520000000800000000"];
    const heard: string[] = [];
    const { server, port } = await serve((socket) => {
      socket.on("data", (data: Buffer) => {
        heard.push(data.toString("hex"));
        socket.write(heard.length === 1 ? "N" : Buffer.from(ok, "hex"));
      });
    });
    try {
      const run = await inside(port, ["python3", "-c", CLIENT, String(port), `0:${request}`, `1:${startUp}`, "9:"]);
      assert.equal(run.stdout, `4e\n${ok}\n`);
      assert.deepEqual(heard, [request, startUp]);
    } finally {
      server.close();
    }
  });

  test("MySQL: the server speaks first", async () => {
    const greeting = "0a382e302e3336003100000001020304050607080000";
    const answer = "0102030405";
    const heard: string[] = [];
    const { server, port } = await serve((socket) => {
      socket.write(Buffer.from(greeting, "hex"));
      socket.on("data", (data: Buffer) => {
        heard.push(data.toString("hex"));
        socket.end("ok");
      });
    });
    try {
      const wanted = String(greeting.length / 2);
      const run = await inside(port, ["python3", "-c", CLIENT, String(port), `${wanted}:${answer}`, "2:"]);
      assert.equal(run.stdout, `${greeting}\n6f6b\n`);
      assert.deepEqual(heard, [answer]);
    } finally {
      server.close();
    }
  });

  test("on a host that is looked into they are refused: nothing passes unseen", async () => {
    const { server, port } = await serve((socket) => socket.write("+OK\r\n"));
    try {
      const text = profile(port).replace("[network.hosts]", 'inspect = ["db.test"]\n[network.hosts]');
      const run = await inside(
        port,
        ["python3", "-c", CLIENT, String(port), "0:2a310d0a24340d0a50494e470d0a", "400:"],
        text,
      );
      assert.ok(ofType(run.events, "request.refused").length === 1, run.stdout);
      assert.doesNotMatch(run.stdout, /2b4f4b/);
    } finally {
      server.close();
    }
  });
});
