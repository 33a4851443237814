/** A host for tests, without a sandbox: a record of its own, enrolled with a key of its own, that sends what it is told to. */
import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadHolding, makeLog, openRunLog, readContinuation, readVerifierKey, type NewEvent } from "@bailiwick/audit";
import { makeRunId, type RunId } from "@bailiwick/base";
import { Client, enrolmentMessage, signAs, type AnswerOf } from "../contract/index.ts";

interface RunFacts {
  readonly project?: string;
  readonly agent?: string;
  readonly labels?: readonly string[];
  readonly execs?: number;
  /** How long one of an exec's arguments is. */
  readonly longBytes?: number;
  readonly enforcement?: Started["enforcement"];
  readonly kernel?: string;
}

type Started = Extract<NewEvent, { readonly type: "run.started" }>;

export interface TestHost {
  readonly id: string;
  readonly log: string;
  readonly client: Client;
  readonly privateKey: KeyObject;
  /** Records a run with some execs; resolves with its id. */
  record(facts?: RunFacts): Promise<RunId>;
  /** Records these events, of a new run or one that goes on. */
  write(events: readonly NewEvent[], run?: RunId): Promise<RunId>;
  /** Sends what the server does not have, or what follows `from`. */
  send(from?: number): Promise<AnswerOf<"appendLog"> | undefined>;
  remove(): void;
}

let made = 0;

interface Served {
  readonly owner: Client;
  readonly server: { readonly url: string };
}

export async function makeHost(served: Served, person: string, name = "test"): Promise<TestHost> {
  const log = mkdtempSync(join(tmpdir(), "bailiwick-host-"));
  await makeLog(log);
  const logKey = await readVerifierKey(log);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { secret } = await served.owner.call("invite", { body: { person } });
  const { url } = served.server;
  const { host } = await new Client({ url, by: { nobody: true } }).call("enrolHost", {
    body: {
      token: secret,
      name,
      publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64"),
      logKey,
      proof: sign(null, enrolmentMessage(secret, logKey), privateKey).toString("base64"),
    },
  });
  const client = new Client({ url, by: signAs(host, privateKey) });
  const held = async (): Promise<number> => (await client.call("logState", { params: { host } })).size;
  return {
    id: host,
    log,
    client,
    privateKey,
    record: (facts) => recordRun(log, facts),
    write: (events, run = newRun()) => writeEvents(log, run, events),
    async send(from) {
      const body = await bodyFrom(log, from ?? (await held()));
      return body && (await client.call("appendLog", { params: { host }, body }));
    },
    remove: () => {
      rmSync(log, { recursive: true, force: true });
    },
  };
}

/** What `appendLog` carries. */
export async function bodyFrom(log: string, from: number, maxEntries = 2_000) {
  const { packEntries, packRecords } = await loadHolding();
  const next = await readContinuation(log, from, { maxEntries, maxBytes: 2 << 20 });
  if (next === undefined) return undefined;
  return {
    from: next.from,
    count: next.entries.length,
    entries: packEntries(next.entries).toString("base64"),
    records: packRecords(next.records).toString("base64"),
    checkpoint: Buffer.from(next.checkpoint).toString("base64"),
    proof: next.proof.map((hash) => Buffer.from(hash).toString("base64")),
  };
}

const digest = `sha256:${"0".repeat(64)}`;

async function recordRun(
  directory: string,
  {
    project = "shop",
    agent = "claude-code",
    labels,
    execs = 3,
    longBytes = 0,
    enforcement = [],
    kernel,
  }: RunFacts = {},
): Promise<RunId> {
  const events: NewEvent[] = [
    {
      type: "run.started",
      at: Date.now(),
      user: "robin",
      hostname: "laptop",
      agent,
      ...(labels !== undefined && { labels: [...labels] }),
      command: { values: ["claude", "fix it"] },
      workspace: `/home/robin/${project}`,
      profile: { name: "standard", digest },
      policyDigest: digest,
      enforcement: [...enforcement],
      ...(kernel !== undefined && { kernel }),
      follows: { size: 0, root: "" },
      version: "0.1.0",
    },
    ...Array.from({ length: execs }, (_, index) => execOf(index + 1, longBytes)),
  ];
  return await writeEvents(directory, newRun(), events);
}

function newRun(): RunId {
  made += 1;
  return makeRunId(Date.now(), Buffer.alloc(10, made % 251));
}

async function writeEvents(directory: string, run: RunId, events: readonly NewEvent[]): Promise<RunId> {
  const log = await openRunLog({ directory, run });
  await Promise.all(events.map((event) => log.append(event)));
  await log.close();
  return run;
}

function execOf(exec: number, longBytes: number): NewEvent {
  return {
    type: "exec.allowed",
    at: Date.now(),
    exec,
    parent: 0,
    pid: 100 + exec,
    asked: "ls",
    program: { path: "/usr/bin/ls", digest },
    argv: { values: ["ls", `-${String(exec)}`, ...(longBytes > 0 ? ["x".repeat(longBytes)] : [])] },
    cwd: "/home/robin/shop",
    decision: { outcome: "allow", policies: [], reason: "", policyDigest: digest },
  };
}
