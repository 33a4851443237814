import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { SandboxError } from "../errors.ts";
import { PERMITTED } from "../requests.ts";
import type { SupervisionHandlers } from "../supervision.ts";
import { frame, FrameReader } from "./frames.ts";
import { Session } from "./session.ts";

const u8 = (value: number): Buffer => Buffer.of(value);
function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
const str = (text: string): Buffer => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);

const ready = frame(PERMITTED.ready.type, u32(1), str("mounts"), u8(1), str("detail"));
const ping = frame(PERMITTED.ping.type);
const mainExit = frame(PERMITTED.mainExit.type, u8(1), u32(0));
const error = frame(PERMITTED.error.type, str("cannot mount"), u32(2));
const end = (id: number): Buffer => frame(PERMITTED.end.type, u64(id), u8(1), u64(0), u64(5), u64(9));

function exec(id: number, parent = 0, flags = 0): Buffer {
  const file = [u8(1), str("/bin/x"), u64(1), u64(2), u64(3), u64(4), u64(5), u32(6), u8(1), u32(7), u32(1), str("x")];
  return frame(
    PERMITTED.exec.type,
    u64(id),
    u64(parent),
    u8(flags),
    u32(99),
    u64(1e9),
    str("x"),
    str("/"),
    u32(1),
    ...file,
  );
}

const allowing: SupervisionHandlers = {
  onExec: () => ({ allow: true, reuse: "never" }),
  onEnd: () => undefined,
  onTampered: () => undefined,
  onRenewed: () => undefined,
  onOutput: () => undefined,
  onSize: () => undefined,
};

function begin(handlers: Partial<SupervisionHandlers> = {}): {
  session: Session;
  writes: Buffer[];
  types: () => number[];
} {
  const writes: Buffer[] = [];
  const session = new Session(
    { write: (bytes) => writes.push(bytes), destroy: () => undefined },
    { ...allowing, ...handlers },
    4242,
  );
  const types = (): number[] => {
    const got: number[] = [];
    const reader = new FrameReader();
    for (const write of writes) reader.push(write, (type) => got.push(type));
    return got;
  };
  return { session, writes, types };
}

function running(handlers: Partial<SupervisionHandlers> = {}): ReturnType<typeof begin> {
  const begun = begin(handlers);
  begun.session.receive(ready);
  begun.session.start();
  return begun;
}

const START = 2;
const VERDICT = 3;
const PONG = 4;
const KILL = 10;

describe("a session", () => {
  test("goes from ready to the command's exit", async () => {
    const { session, types } = running();
    assert.deepEqual(await session.ready, [{ layer: "mounts", state: "enforced", detail: "detail" }]);
    session.receive(Buffer.concat([exec(1), ping, end(1), mainExit]));
    assert.deepEqual(types(), [START, VERDICT, PONG]);
    assert.deepEqual(session.close(0), { status: 0, signal: undefined });
  });

  test("answers all of a chunk in one write", () => {
    const { session, writes } = running();
    session.receive(Buffer.concat([exec(1), exec(2, 1), exec(3, 1), ping]));
    assert.equal(writes.length, 1);
  });

  test("promises that settle together leave together", async () => {
    const { session, writes } = running({ onExec: () => Promise.resolve({ allow: true, reuse: "never" }) });
    session.receive(Buffer.concat([exec(1), exec(2, 1)]));
    await turn();
    assert.equal(writes.length, 2, "START, then both verdicts");
  });

  test("does not answer what the launcher had decided", () => {
    const { session, types } = running();
    session.receive(exec(1, 0, 2));
    assert.deepEqual(types(), [START]);
  });

  test("a refusal carries its reason", () => {
    const { session, writes } = running({ onExec: () => ({ allow: false, message: "because" }) });
    session.receive(exec(1));
    assert.ok(writes.at(-1)?.includes("because"));
  });

  test("an error before START is a launch that failed", async () => {
    const { session } = begin();
    session.receive(error);
    const result = session.close(125);
    assert.ok(result instanceof SandboxError);
    assert.equal(result.code, "SANDBOX_LAUNCH_FAILED");
    assert.match(result.message, /cannot mount: ENOENT/);
    await assert.rejects(session.ready, { code: "SANDBOX_LAUNCH_FAILED" });
  });

  test("an exit that nobody announced is an error, whatever its status", () => {
    for (const status of [0, 1, null]) {
      const result = running().session.close(status);
      assert.ok(result instanceof SandboxError && result.code === "SANDBOX_LAUNCHER_LOST");
    }
  });

  test("everything that waits is answered at the end", async () => {
    const { session } = running();
    const ends = {
      protocol: "tcp",
      localAddress: "198.18.0.2",
      localPort: 1,
      remoteAddress: "198.18.0.3",
      remotePort: 2,
    } as const;
    const waiting = [session.findOwner(ends), session.connect(80), session.pauseTerminal()];
    session.close(0);
    const [owner, connection] = await Promise.all(waiting);
    assert.equal(owner, undefined);
    assert.deepEqual(connection, { query: 2, errno: undefined });
    assert.deepEqual(await session.connect(80), { query: 3, errno: undefined });
    assert.equal(await session.findOwner({ ...ends, localAddress: "nonsense" }), undefined);
  });

  test("a handler that throws or rejects refuses and kills", async () => {
    for (const onExec of [
      () => {
        throw new Error("no");
      },
      () => Promise.reject(new Error("no")),
    ]) {
      const { session, types } = running({ onExec });
      session.receive(exec(1));
      await turn();
      assert.deepEqual(types(), [START, VERDICT, KILL]);
      const result = session.close(0);
      assert.ok(result instanceof SandboxError && result.code === "SANDBOX_HANDLER_FAILED");
    }
    const { session, types } = running({
      onEnd: () => {
        throw new Error("no");
      },
    });
    session.receive(end(1));
    await turn();
    assert.deepEqual(types(), [START, KILL]);
  });
});

describe("what the launcher may say is a table", () => {
  const cases: readonly [string, () => ReturnType<typeof begin>, Buffer][] = [
    ["an unknown frame", running, frame(99)],
    ["an exec before START", () => begin(), exec(1)],
    ["READY twice", running, ready],
    ["an exit twice", running, Buffer.concat([mainExit, mainExit])],
    ["an id twice", running, Buffer.concat([exec(1), exec(1)])],
    ["an id left out", running, exec(2)],
    ["a parent that is not there yet", running, exec(1, 1)],
    ["flags that do not exist", running, exec(1, 0, 4)],
    ["an answer to no question", running, frame(PERMITTED.owned.type, u32(1), u64(1))],
    ["a terminal that nobody asked for", running, frame(PERMITTED.terminalFree.type)],
    ["a ping with something in it", running, frame(PERMITTED.ping.type, u8(1))],
    ["an end with too much in it", running, Buffer.concat([frame(PERMITTED.end.type, Buffer.alloc(34))])],
    [
      "an exec without a file",
      running,
      frame(PERMITTED.exec.type, u64(1), u64(0), u8(0), u32(9), u64(1), str("x"), str("/"), u32(0)),
    ],
  ];
  for (const [what, start, bytes] of cases) {
    test(`${what} ends the run`, async () => {
      const { session, types } = start();
      session.receive(bytes);
      await turn();
      assert.equal(types().at(-1), KILL);
      const result = session.close(0);
      assert.ok(result instanceof SandboxError);
      assert.equal(result.code, "SANDBOX_LAUNCHER_PROTOCOL");
    });
  }
});
