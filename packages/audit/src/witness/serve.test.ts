import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { temporaryRecord, writeRun } from "../../test/fixtures.ts";
import { sha256 } from "../key.ts";
import { parseVerifierKey } from "../note.ts";
import { readVerifierKey } from "../read.ts";
import { formatAddCheckpoint } from "./add-checkpoint.ts";
import { cosignHead, rememberedByWitness, type KnownWitness, type Witnessed } from "./cosign.ts";
import { parseWitnessKey } from "./cosignature.ts";
import { serveWitness } from "./serve.privileged.ts";
import { openWitness } from "./witness.ts";
import { readWitnessedHeads } from "./witnessed-heads.ts";

interface Serving extends KnownWitness {
  readonly answers: readonly string[];
}

/** A witness of the log in a directory, served on loopback. */
async function serve(context: TestContext, directory: string, requestMs?: number): Promise<Serving> {
  const log = parseVerifierKey(await readVerifierKey(directory), sha256);
  assert.ok(log);
  const state = join(dirname(directory), "witness");
  const witness = await openWitness({ state, logs: [{ origin: log.name, keys: [log] }], now: Date.now });
  const answers: string[] = [];
  const server = await serveWitness(witness, {
    host: "127.0.0.1",
    port: 0,
    onAnswer: (line) => answers.push(line),
    ...(requestMs !== undefined && { requestMs }),
  });
  context.after(async () => {
    await server.close();
  });
  const key = parseWitnessKey(witness.key, sha256);
  assert.ok(key);
  return { name: "w", url: server.url, key, answers };
}

/** Something else on loopback that says it is that witness. */
async function pretend(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

const signal = (): AbortSignal => AbortSignal.timeout(10_000);

function outcomeOf(result: Witnessed): string | number {
  return "failure" in result ? result.failure : result.head.size;
}

describe("over HTTP", () => {
  test("a log's head is cosigned as it grows, and the cosignature is kept beside the log", async (context) => {
    const directory = temporaryRecord(context);
    const { head } = await writeRun(directory, 3);
    const witness = await serve(context, directory);
    assert.equal(outcomeOf(await cosignHead(directory, witness, signal())), head.size);
    const { head: later } = await writeRun(directory, 500);
    assert.equal(outcomeOf(await cosignHead(directory, witness, signal())), later.size);
    assert.deepEqual(
      (await readWitnessedHeads(directory, [witness])).map((each) => each.head),
      [later],
    );
    assert.deepEqual(await rememberedByWitness(witness.key.name, witness, signal()), undefined, "no log of this name");
    const origin = (await readVerifierKey(directory)).split("+")[0] ?? "";
    assert.deepEqual(await rememberedByWitness(origin, witness, signal()), later);
    // What is kept may be lost: the witness says where it stands.
    rmSync(join(directory, "log/cosigned"), { recursive: true });
    assert.equal(outcomeOf(await cosignHead(directory, witness, signal())), later.size);
    assert.deepEqual(witness.answers.filter((line) => line.includes("409")).length, 1);
  });

  test("runs that end at once are all witnessed", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const witness = await serve(context, directory);
    const results = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const { head } = await writeRun(directory, 2);
        return { head, result: await cosignHead(directory, witness, signal()) };
      }),
    );
    for (const { head, result } of results)
      assert.ok("head" in result && result.head.size >= head.size, outcomeOf(result).toString());
  });

  test("the whole state put back, and another history by whoever has the key, are found out", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const witness = await serve(context, directory);
    await cosignHead(directory, witness, signal());
    const backup = join(dirname(directory), "backup");
    cpSync(directory, backup, { recursive: true });
    const { head } = await writeRun(directory, 3);
    await cosignHead(directory, witness, signal());
    rmSync(directory, { recursive: true });
    cpSync(backup, directory, { recursive: true });
    assert.equal(outcomeOf(await cosignHead(directory, witness, signal())), "rolled-back");
    const { head: other } = await writeRun(directory, 9);
    assert.ok(other.size > head.size);
    assert.equal(outcomeOf(await cosignHead(directory, witness, signal())), "forked");
  });

  test("what is no request is answered as such, and the witness goes on", async (context) => {
    const directory = temporaryRecord(context);
    const { head } = await writeRun(directory, 3);
    const witness = await serve(context, directory);
    const statuses: number[] = [];
    for (const [path, init] of [
      ["/", {}],
      ["/add-checkpoint", {}],
      ["/add-checkpoint", { method: "POST", body: "hello" }],
      ["/add-checkpoint", { method: "POST", body: Buffer.alloc(1 << 20) }],
      [`/${"0".repeat(64)}/checkpoint`, {}],
      [`/${"0".repeat(64)}/checkpoint`, { method: "POST", body: "" }],
      ["/../witness.key", {}],
    ] as const) {
      statuses.push(
        await fetch(`${witness.url}${path}`, init).then(
          ({ status }) => status,
          () => 413,
        ),
      );
    }
    assert.deepEqual(statuses, [404, 405, 400, 413, 404, 405, 404]);
    assert.equal(outcomeOf(await cosignHead(directory, witness, signal())), head.size);
  });

  test("a client that sends a byte now and then is gone after the time of a request", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const witness = await serve(context, directory, 300);
    const { hostname, port } = new URL(witness.url);
    const socket = connect(Number(port), hostname);
    context.after(() => {
      socket.destroy();
    });
    socket.write("POST /add-checkpoint HTTP/1.1\r\nhost: w\r\ncontent-length: 1000\r\n\r\n");
    const drip = setInterval(() => socket.write("x"), 50);
    const received: Buffer[] = [];
    socket.on("data", (chunk) => received.push(chunk));
    socket.on("error", () => undefined);
    await once(socket, "close");
    clearInterval(drip);
    assert.match(Buffer.concat(received).toString("latin1"), /^(?:HTTP\/1\.1 408|$)/);
    assert.ok("head" in (await cosignHead(directory, witness, signal())), "others are served");
  });
});

describe("what is no witness of this log counts for nothing", () => {
  for (const [what, answer, failure] of [
    ["rubbish", { status: 200, body: "hello" }, "answered wrongly"],
    ["nothing", { status: 200, body: "" }, "answered wrongly"],
    ["a signature line that is none", { status: 200, body: "— w AAAA\n" }, "answered wrongly"],
    [
      "a signature of another",
      { status: 200, body: `— w/x ${Buffer.alloc(76, 1).toString("base64")}\n` },
      "answered wrongly",
    ],
    ["a megabyte", { status: 200, body: "x".repeat(1 << 20) }, "unreachable"],
    ["a page of a proxy", { status: 502, body: "<html>" }, "answered wrongly"],
    ["another place to ask", { status: 302, body: "" }, "answered wrongly"],
    ["a size that is none", { status: 409, body: "many\n" }, "answered wrongly"],
    ["the size that it was asked from", { status: 409, body: "0\n" }, "answered wrongly"],
    ["that it does not know the log", { status: 404, body: "" }, "does not know the log"],
    ["that it does not trust the key", { status: 403, body: "" }, "does not trust the log's key"],
  ] as const) {
    test(what, async (context) => {
      const directory = temporaryRecord(context);
      await writeRun(directory, 3);
      const { key } = await serve(context, directory);
      const url = await pretend(context, (request, response) => {
        request.resume();
        response.writeHead(answer.status, { location: "http://127.0.0.1:1/" }).end(answer.body);
      });
      assert.equal(outcomeOf(await cosignHead(directory, { name: "w", url, key }, signal())), failure);
      assert.deepEqual(await readWitnessedHeads(directory, [{ name: "w", key }]), []);
    });
  }

  test("a cosignature of another head, a forger's, and one by another key of its name", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const witness = await serve(context, directory);
    const checkpoint = readFileSync(join(directory, "log/checkpoint"));
    const body = formatAddCheckpoint({ old: 0, proof: [], checkpoint });
    const old = await (await fetch(`${witness.url}/add-checkpoint`, { method: "POST", body })).text();
    await writeRun(directory, 3);
    const [, name = "", encoded = ""] = /^— (\S+) (\S+)\n$/.exec(old) ?? [];
    const bytes = Buffer.from(encoded, "base64");
    for (const reply of [
      old,
      `— ${name} ${Buffer.concat([bytes.subarray(0, 12), Buffer.alloc(64)]).toString("base64")}\n`,
    ]) {
      const url = await pretend(context, (request, response) => {
        request.resume();
        response.end(reply);
      });
      assert.equal(outcomeOf(await cosignHead(directory, { ...witness, url }, signal())), "answered wrongly");
    }
    assert.deepEqual(await readWitnessedHeads(directory, [witness]), []);
  });

  test("one that is silent costs as long as it is given, one that is not there nothing", async (context) => {
    const directory = temporaryRecord(context);
    await writeRun(directory, 3);
    const { key } = await serve(context, directory);
    const url = await pretend(context, () => undefined);
    const short = AbortSignal.timeout(50);
    assert.equal(outcomeOf(await cosignHead(directory, { name: "w", url, key }, short)), "no answer in time");
    const gone = { name: "w", url: "http://127.0.0.1:1", key };
    assert.equal(outcomeOf(await cosignHead(directory, gone, signal())), "unreachable");
  });
});
