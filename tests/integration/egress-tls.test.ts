import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { connect as tlsConnect, createServer as createTlsServer } from "node:tls";
import { hello } from "../../packages/egress/test/client-hello.ts";
import { openOutside, openWorld, type Outside, readAll, settled, until, type World } from "./egress-world.ts";

const PSK = { ciphers: "PSK-AES128-GCM-SHA256", maxVersion: "TLSv1.2" } as const;
const KEY = Buffer.alloc(16, 1);

async function within(
  serve: (socket: Socket) => void,
  allow: readonly string[],
  body: (world: World, outside: Outside) => Promise<void>,
): Promise<void> {
  const outside = await openOutside(serve);
  const world = await openWorld({
    allow: allow.map((name) => ({ name, port: outside.port })),
    hosts: { "allowed.test": "127.0.0.2", "a.example.com": "127.0.0.2", "b.example.com": "127.0.0.2" },
  });
  try {
    await body(world, outside);
  } finally {
    await world.close();
    await outside.close();
  }
}

/** A real TLS server behind the raw one: a pre-shared key, so that no certificate is needed. */
function serveTls(socket: Socket): void {
  const tls = createTlsServer({ ...PSK, pskCallback: () => KEY, pskIdentityHint: "" }, (secure) => {
    secure.on("data", (data) => secure.end(`echo ${data.toString()}`));
    secure.on("error", () => undefined);
  });
  tls.on("tlsClientError", () => undefined);
  tls.emit("connection", socket);
}

async function talkTls(socket: Socket, servername: string): Promise<{ data: string; ended: string }> {
  const secure = tlsConnect({
    ...PSK,
    socket,
    servername,
    pskCallback: () => ({ psk: KEY, identity: "test" }),
    checkServerIdentity: () => undefined,
  });
  secure.write("hello");
  const all = await readAll(secure);
  socket.destroy();
  return all;
}

describe("TLS through the gateway", () => {
  test("a real handshake with the right server name works; bypass 36: with another it reaches no server", async () => {
    await within(serveTls, ["allowed.test"], async (world, outside) => {
      assert.deepEqual(await talkTls(await world.connect("allowed.test", outside.port), "allowed.test"), {
        data: "echo hello",
        ended: "end",
      });
      const before = outside.received().length;
      const fronted = await talkTls(await world.connect("allowed.test", outside.port), "fronted.test");
      assert.equal(fronted.data, "");
      assert.notEqual(fronted.ended, "end");
      assert.equal(outside.received().length, before);
      const [refused] = world.of("refused");
      assert.equal(refused?.host, "allowed.test");
      assert.equal(refused.exec, 7);
      assert.match(refused.decision.reason, /TLS to `allowed\.test` asks for the server name `fronted\.test`/);
      assert.deepEqual(refused.decision.policies, ["profile:network"]);
      await until(() => world.of("closed").length === 2, "closed");
      const second = world.of("closed").find(({ id }) => id === 2);
      assert.equal(second?.bytesSent, 0);
      assert.match(second.error ?? "", /^refused: /);
    });
  });

  test("bypass 40: TLS without a server name is refused; the same connection without TLS is not", async () => {
    await within(
      () => undefined,
      ["allowed.test"],
      async (world, outside) => {
        const nameless = await world.connect("allowed.test", outside.port);
        nameless.write(hello({}));
        assert.equal((await readAll(nameless)).ended, "ECONNRESET");
        assert.equal(outside.received(), "");
        assert.match(world.of("refused")[0]?.decision.reason ?? "", /without a server name/);
        const plain = await world.connect("allowed.test", outside.port);
        plain.write("GET / HTTP/1.1\r\n\r\n");
        await until(() => outside.received() === "GET / HTTP/1.1\r\n\r\n", "the control arrives");
      },
    );
  });

  test("under a wildcard the server name must be the name that was resolved, not another that the rule permits", async () => {
    await within(
      () => undefined,
      ["*.example.com"],
      async (world, outside) => {
        const other = await world.connect("a.example.com", outside.port);
        other.write(hello({ serverNames: ["b.example.com"] }));
        assert.equal((await readAll(other)).ended, "ECONNRESET");
        assert.equal(outside.received(), "");
        const right = await world.connect("b.example.com", outside.port);
        const message = hello({ serverNames: ["B.Example.com"] });
        right.write(message);
        await until(() => outside.received().length === message.length, "the control arrives whole");
      },
    );
  });

  test("a hello in single bytes is held until it is complete, then goes on whole, with what follows", async () => {
    await within(
      () => undefined,
      ["allowed.test"],
      async (world, outside) => {
        const client = await world.connect("allowed.test", outside.port);
        const message = Buffer.concat([hello({ serverNames: ["allowed.test"] }), Buffer.from("more")]);
        client.setNoDelay(true);
        await until(() => outside.connections.length === 1, "dialled before the first byte");
        for (const byte of message.subarray(0, 60)) {
          client.write(Buffer.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
        assert.equal(outside.received(), "");
        client.write(message.subarray(60));
        await until(() => outside.received() === message.toString("latin1"), "all of it arrives");
      },
    );
  });

  test("a client that closes in the middle of its hello is refused", async () => {
    await within(
      () => undefined,
      ["allowed.test"],
      async (world, outside) => {
        const client = await world.connect("allowed.test", outside.port);
        client.end(hello({ serverNames: ["allowed.test"] }).subarray(0, 40));
        await settled(client, "close");
        assert.match(world.of("refused")[0]?.decision.reason ?? "", /closed before it was complete/);
        assert.equal(outside.received(), "");
      },
    );
  });

  test("the server may speak while the client's hello is held", async () => {
    await within(
      (socket) => socket.write("first"),
      ["allowed.test"],
      async (world, outside) => {
        const client = await world.connect("allowed.test", outside.port);
        client.write(Buffer.of(0x16));
        const [data] = (await once(client, "data")) as [Buffer];
        assert.equal(data.toString(), "first");
        assert.equal(outside.received(), "");
      },
    );
  });
});
