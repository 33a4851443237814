import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import {
  ALLOWED,
  DENIED,
  openOutside,
  openWorld,
  type Outside,
  readAll,
  settled,
  until,
  type World,
} from "./egress-world.ts";

type Setting = Partial<Parameters<typeof openWorld>[0]>;

/** One server outside, one name that is allowed to reach it. */
async function within(
  serve: Parameters<typeof openOutside>[0],
  setting: Setting | ((port: number) => Setting),
  body: (world: World, outside: Outside) => Promise<void>,
): Promise<void> {
  const outside = await openOutside(serve);
  const { port } = outside;
  const options = typeof setting === "function" ? setting(port) : setting;
  const world = await openWorld({
    allow: [{ name: "allowed.test", port }],
    hosts: { "allowed.test": "127.0.0.2" },
    ...options,
  });
  try {
    await body(world, outside);
  } finally {
    await world.close();
    await outside.close();
  }
}

describe("TCP through the gateway", () => {
  test("bytes go both ways, ends are half-closed, and the observer hears of it in order", async () => {
    const serve = (socket: Socket): void => {
      socket.on("end", () => socket.end("bye"));
    };
    await within(serve, {}, async (world, outside) => {
      const client = await world.connect("allowed.test", outside.port);
      client.end("hello");
      assert.deepEqual(await readAll(client), { data: "bye", ended: "end" });
      await until(() => world.of("closed").length === 1, "closed is reported");
      assert.equal(outside.received(), "hello");
      assert.deepEqual(
        world.reports.map(({ kind }) => kind),
        ["opened", "closed"],
      );
      const [opened] = world.of("opened");
      assert.equal(opened?.host, "allowed.test");
      assert.equal(opened.address, "127.0.0.2");
      assert.equal(opened.exec, 7);
      assert.equal(opened.decision, ALLOWED);
      const [closed] = world.of("closed");
      assert.equal(closed?.id, opened.id);
      assert.equal(closed.bytesSent, 5);
      assert.equal(closed.bytesReceived, 3);
      assert.equal(closed.error, undefined);
      assert.ok(closed.wallMs > 0);
    });
  });

  test("a server that speaks first is heard before the client said anything", async () => {
    await within(
      (socket) => socket.write("220 ready\r\n"),
      {},
      async (world, outside) => {
        const client = await world.connect("allowed.test", outside.port);
        const [greeting] = (await once(client, "data")) as [Buffer];
        assert.equal(greeting.toString(), "220 ready\r\n");
        client.destroy();
      },
    );
  });

  test("the server's end leaves the client's direction open", async () => {
    await within(
      (socket) => socket.end("done"),
      {},
      async (world, outside) => {
        const client = await world.connect("allowed.test", outside.port);
        assert.deepEqual(await readAll(client), { data: "done", ended: "end" });
        client.end("late");
        await until(() => outside.received() === "late", "the late bytes arrive");
      },
    );
  });

  test("a reader inside that stops reading stops the server outside, and nothing is lost or overwritten", async () => {
    const stream = new Pushed(160 << 20);
    await within(
      (socket) => stream.into(socket),
      {},
      async (world, outside) => {
        const client = await world.connect("allowed.test", outside.port);
        client.pause();
        await until(() => outside.connections.length === 1, "the server accepted");
        await stream.stalled();
        assert.ok(stream.written < 100 << 20, `nobody read, and ${String(stream.written)} bytes were taken`);
        const hash = createHash("sha256");
        client.on("data", (chunk) => hash.update(chunk));
        client.resume();
        await once(client, "end");
        assert.equal(hash.digest("hex"), stream.digest());
        client.end();
        await until(() => world.of("closed").length === 1, "closed");
        assert.equal(world.of("closed")[0]?.bytesReceived, 160 << 20);
      },
    );
  });

  test("a server outside that stops reading stops the writer inside, and nothing is lost or overwritten", async () => {
    const hash = createHash("sha256");
    let server: Socket | undefined;
    const serve = (socket: Socket): void => {
      server = socket;
      // Without the listener that keeps everything.
      socket.removeAllListeners("data");
      socket.pause();
    };
    await within(serve, {}, async (world, outside) => {
      const stream = new Pushed(160 << 20);
      stream.into(await world.connect("allowed.test", outside.port));
      await until(() => server !== undefined, "the server accepted");
      await stream.stalled();
      assert.ok(stream.written < 100 << 20, `nobody read, and ${String(stream.written)} bytes were taken`);
      server?.on("data", (chunk) => hash.update(chunk));
      server?.resume();
      await once(server ?? assert.fail(), "end");
      assert.equal(hash.digest("hex"), stream.digest());
      server?.end();
      await until(() => world.of("closed").length === 1, "closed");
      assert.equal(world.of("closed")[0]?.bytesSent, 160 << 20);
    });
  });

  test("a reset outside is a reset inside, and the other way round", async () => {
    await within(
      (socket) => socket.once("data", () => socket.resetAndDestroy()),
      {},
      async (world, outside) => {
        const client = await world.connect("allowed.test", outside.port);
        client.write("x");
        assert.equal((await readAll(client)).ended, "ECONNRESET");
        await until(() => world.of("closed").length === 1, "closed");
        assert.equal(world.of("closed")[0]?.error, "server: ECONNRESET");

        const second = await world.connect("allowed.test", outside.port);
        await until(() => outside.connections.length === 2, "the server accepted");
        const ended = settled(outside.connections[1] ?? assert.fail(), "close");
        second.resetAndDestroy();
        await ended;
        await until(() => world.of("closed").length === 2, "closed");
        assert.equal(world.of("closed")[1]?.error, "client: ECONNRESET");
      },
    );
  });

  test("a server that does not listen: the client is reset, the record says why", async () => {
    await within(undefined, { hosts: { "allowed.test": "127.0.0.3" } }, async (world, outside) => {
      // Only the listener on 0.0.0.0 could answer on 127.0.0.3: a name must not lead back into the gateway.
      const client = await world.connect("allowed.test", outside.port);
      assert.equal((await readAll(client)).ended, "ECONNRESET");
      assert.equal(outside.connections.length, 0);
      await until(() => world.of("closed").length > 0, "closed");
    });
  });

  test("the policy's denial resets the client and nothing is dialled or resolved; its control is let through", async () => {
    let outcome = DENIED;
    const decide = (_host: string, port: number): typeof DENIED => (port === 0 ? ALLOWED : outcome);
    await within(undefined, { decide }, async (world, outside) => {
      const client = await world.connect("allowed.test", outside.port);
      assert.equal((await readAll(client)).ended, "ECONNRESET");
      assert.equal(world.of("refused")[0]?.decision, DENIED);
      assert.equal(world.of("refused")[0]?.port, outside.port);
      assert.equal(outside.connections.length, 0);
      outcome = ALLOWED;
      await world.connect("allowed.test", outside.port);
      await until(() => outside.connections.length === 1, "the control arrives");
    });
  });

  test("a port that the profile does not list for this name is refused, though another name has it", async () => {
    const setting = (port: number): Setting => ({
      allow: [
        { name: "allowed.test", port },
        { name: "other.test", port: port === 65_535 ? port - 1 : port + 1 },
      ],
      hosts: { "allowed.test": "127.0.0.2", "other.test": "127.0.0.2" },
    });
    await within(undefined, setting, async (world, outside) => {
      const client = await world.connect("other.test", outside.port);
      assert.equal((await readAll(client)).ended, "ECONNRESET");
      const [refused] = world.of("refused");
      assert.match(refused?.decision.reason ?? "", /lets `other\.test` be reached at port \d+, not at \d+/);
      assert.match(refused?.decision.instead ?? "", new RegExp(`allow = \\["other.test:${String(outside.port)}"\\]`));
      assert.equal(outside.connections.length, 0);
      await world.connect("allowed.test", outside.port);
      await until(() => outside.connections.length === 1, "the control arrives");
    });
  });

  test("bypass 40, 42: a connection to an address that no name was resolved to is refused", async () => {
    await within(undefined, {}, async (world, outside) => {
      for (const host of ["127.19.0.9", "127.0.0.1"]) {
        const client = connect({ host, port: outside.port });
        assert.equal((await readAll(client)).ended, "ECONNRESET");
        const refused = world.of("refused").find((one) => one.host === host);
        assert.match(refused?.decision.reason ?? "", /stands for no name/);
        assert.match(refused?.decision.instead ?? "", /connect by name/);
      }
      assert.equal(outside.connections.length, 0);
    });
  });

  test("a connection that waits for its decision goes nowhere when its client left", async () => {
    let decideNow: (() => void) | undefined;
    const decide = (_host: string, port: number): typeof ALLOWED | Promise<typeof ALLOWED> =>
      port === 0
        ? ALLOWED
        : new Promise((resolve) => {
            decideNow = () => resolve(ALLOWED);
          });
    let owners = 0;
    const findOwner = (): Promise<number> => Promise.resolve(++owners);
    await within(undefined, { decide, findOwner }, async (world, outside) => {
      const client = await world.connect("allowed.test", outside.port);
      await until(() => decideNow !== undefined, "the decision is asked for");
      client.resetAndDestroy();
      await settled(client, "close");
      const first = decideNow ?? assert.fail();
      // Answered only when a later connection was accepted: by then the gateway has heard of the reset.
      const second = await world.connect("allowed.test", outside.port);
      await until(() => owners === 2 && decideNow !== first, "the second is accepted");
      first();
      decideNow?.();
      await until(() => outside.connections.length > 0, "the second arrives");
      assert.equal(outside.connections.length, 1);
      await until(() => world.of("opened").length > 0, "the second is reported");
      assert.equal(world.of("opened").length, 1);
      second.destroy();
    });
  });

  test("the owner never delays the bytes; opened still comes before closed", async () => {
    const serve = (socket: Socket): void => {
      socket.end("quick");
    };
    let found: ((exec: number) => void) | undefined;
    const findOwner = (): Promise<number> =>
      new Promise((resolve) => {
        found = resolve;
      });
    await within(serve, { findOwner }, async (world, outside) => {
      const client = await world.connect("allowed.test", outside.port);
      client.end();
      assert.equal((await readAll(client)).data, "quick");
      assert.deepEqual(world.reports, []);
      found?.(42);
      await until(() => world.of("closed").length === 1, "closed");
      assert.deepEqual(
        world.reports.map(({ kind }) => kind),
        ["opened", "closed"],
      );
      assert.equal(world.of("opened")[0]?.exec, 42);
    });
  });

  test("closing ends every connection, waiting ones too, and reports each before it resolves", async () => {
    const decide = (host: string, port: number): typeof ALLOWED | Promise<typeof ALLOWED> =>
      port === 0 || host === "allowed.test" ? ALLOWED : new Promise(() => undefined);
    const setting = (port: number): Setting => ({
      allow: [
        { name: "allowed.test", port },
        { name: "waiting.test", port },
      ],
      hosts: { "allowed.test": "127.0.0.2", "waiting.test": "127.0.0.2" },
      decide,
    });
    await within(undefined, setting, async (world, outside) => {
      const client = await world.connect("allowed.test", outside.port);
      const waiting = await world.connect("waiting.test", outside.port);
      await until(() => outside.connections.length === 1, "open");
      const ends = Promise.all([readAll(client), readAll(waiting)]);
      await world.close();
      assert.equal(world.of("closed").length, 1);
      await ends;
      const late = connect({ host: "127.18.0.2", port: outside.port });
      assert.equal((await readAll(late)).ended, "ECONNREFUSED");
    });
  });

  test("connections over the limit are reset and reported; when one ends, the next is let in", async () => {
    await within(undefined, { mostConnections: 2 }, async (world, outside) => {
      const first = await world.connect("allowed.test", outside.port);
      await world.connect("allowed.test", outside.port);
      await until(() => outside.connections.length === 2, "two arrive");
      const third = await world.connect("allowed.test", outside.port);
      assert.equal((await readAll(third)).ended, "ECONNRESET");
      assert.match(world.of("refused")[0]?.decision.reason ?? "", /more than 2 connections/);
      first.resetAndDestroy();
      await until(() => world.of("closed").length === 1, "the first is closed");
      await world.connect("allowed.test", outside.port);
      await until(() => outside.connections.length === 3, "the fourth arrives");
    });
  });

  test("an observer that fails ends the connection: what is not recorded does not go on", async () => {
    const observer = {
      opened: (): never => {
        throw new Error("disk full");
      },
    };
    await within(undefined, { observer }, async (world, outside) => {
      const client = await world.connect("allowed.test", outside.port);
      const { ended } = await readAll(client);
      assert.ok(["end", "ECONNRESET"].includes(ended), ended);
      await until(
        () => outside.connections.every((socket) => socket.destroyed || socket.readableEnded),
        "ended outside",
      );
    });
  });
});

/** A stream of a given length in which no two blocks are alike, as fast as its reader takes it. */
class Pushed {
  written = 0;
  readonly #hash = createHash("sha256");
  readonly #length: number;

  constructor(length: number) {
    this.#length = length;
  }

  into(socket: Socket): void {
    const push = (): void => {
      while (this.written < this.#length) {
        const block = Buffer.alloc(Math.min(70_001, this.#length - this.written), this.written);
        block.writeUInt32BE(this.written, 0);
        this.#hash.update(block);
        this.written += block.length;
        if (!socket.write(block)) return;
      }
      socket.end();
    };
    socket.on("drain", push);
    push();
  }

  digest(): string {
    return this.#hash.digest("hex");
  }

  /** Resolves when everything was taken, or nothing more for a while. */
  async stalled(): Promise<void> {
    for (let last = -1, quiet = 0; quiet < 10 && this.written < this.#length;) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      quiet = this.written === last ? quiet + 1 : 0;
      last = this.written;
    }
  }
}
