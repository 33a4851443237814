import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import {
  openRunLog,
  parseLogKey,
  parseWitnessKey,
  readVerifierKey,
  startWitness,
  type KnownWitness,
  type NewEvent,
} from "@bailiwick/audit";
import { makeRunId } from "@bailiwick/base";
import { Witnessing, type WitnessingOptions } from "./witnessing.ts";

interface Setting {
  readonly witness: KnownWitness;
  /** Lines of what the witness answered; resolves with the next one. */
  readonly answered: () => Promise<string>;
  readonly events: readonly NewEvent[];
  readonly said: readonly string[];
  make(options?: Partial<WitnessingOptions>): Witnessing;
}

/** An empty log, and a witness that knows it. */
async function set(context: TestContext): Promise<Setting> {
  const parent = mkdtempSync(join(tmpdir(), "bailiwick-witnessing-"));
  context.after(() => {
    rmSync(parent, { recursive: true, force: true });
  });
  const directory = join(parent, "log");
  await (await openRunLog({ directory, run: makeRunId(1, Buffer.alloc(10)) })).close();
  const log = await parseLogKey(await readVerifierKey(directory));
  assert.ok(log);
  const lines: string[] = [];
  let waiting: (() => void) | undefined;
  const server = await startWitness(
    { state: join(parent, "witness"), logs: [{ origin: log.name, keys: [log] }], now: Date.now },
    {
      host: "127.0.0.1",
      port: 0,
      onAnswer: (line) => {
        lines.push(line);
        waiting?.();
      },
    },
  );
  context.after(async () => {
    await server.close();
  });
  const key = await parseWitnessKey(server.key);
  assert.ok(key);
  const witness = { name: "w", url: server.url, key };
  const [events, said]: [NewEvent[], string[]] = [[], []];
  let told = 0;
  return {
    witness,
    events,
    said,
    answered: async () => {
      while (lines.length <= told) await new Promise<void>((resolve) => (waiting = resolve));
      return lines[told++] ?? "";
    },
    make: (options) =>
      new Witnessing({
        directory,
        witnesses: [witness],
        record: { witnesses: ["w"], quorum: 1, require: "end" },
        append: (event) => Promise.resolve(events.push(event)),
        say: (text) => said.push(text),
        now: Date.now,
        ...options,
      }),
  };
}

/** Takes connections and never answers. */
async function silent(context: TestContext): Promise<string> {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

test("while a run goes on, its head goes to the witness when something was recorded, and only then", async (context) => {
  const { make, answered, events } = await set(context);
  const witnessing = make({ everyMs: 5 });
  assert.equal(await witnessing.atStart(), undefined, "nobody waits for what is not required");
  assert.equal(await answered(), "add-checkpoint 200");
  witnessing.noteGrowth();
  assert.equal(await answered(), "add-checkpoint 200");
  witnessing.noteGrowth();
  assert.equal(await answered(), "add-checkpoint 200");
  assert.equal(events.length, 0, "nothing of it is an event");
  await witnessing.beforeEnd();
  assert.equal((await witnessing.atEnd()).met, true);
  assert.deepEqual(
    events.map((event) => event.type === "record.witnessed" && [event.when, event.met]),
    [["end", true]],
  );
});

test("a witness that is silent and not required is not waited for, and nobody is told", async (context) => {
  const { make, witness, said } = await set(context);
  const url = await silent(context);
  const never = { witnesses: ["w"], quorum: 1, require: "never" } as const;
  const witnessing = make({ witnesses: [{ ...witness, url }], record: never });
  await witnessing.atStart();
  await witnessing.beforeEnd();
  const report = await witnessing.atEnd();
  assert.deepEqual([report.met, report.required], [false, false]);
  assert.deepEqual(
    report.missing.map((each) => each.witness),
    ["w"],
  );
  assert.deepEqual(said, []);
});

test("one that is required is waited for, as long as it is given", async (context) => {
  const { make, witness, events } = await set(context);
  const url = await silent(context);
  const start = { witnesses: ["w"], quorum: 1, require: "start" } as const;
  const witnessing = make({ witnesses: [{ ...witness, url }], record: start, requiredMs: 50 });
  const report = await witnessing.atStart();
  assert.deepEqual([report?.met, report?.missing], [false, [{ witness: "w", reason: "no answer in time" }]]);
  assert.equal(events.length, 1);
  witnessing.close();
  // Negative control.
  assert.equal((await make({ record: start }).atStart())?.met, true);
});
