/**
 * A host without an agent: one run whose events it makes at a steady pace, and the checkpoint that its key signs for each tenth of a second, all of it
 * ahead, so that what is measured is the server. It sends as a host does: all that has come since the last answer, at the earliest every 100 ms.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { connect, type Socket } from "node:net";
import { makeRunId } from "@bailiwick/base";
import { encodeEvent } from "../../packages/audit/src/fit.ts";
import { generateKey, sha256, type NewKey } from "../../packages/audit/src/key.ts";
import { CompactRange, createTreeHasher } from "../../packages/audit/src/merkle.ts";
import { formatVerifierKey } from "../../packages/audit/src/note.ts";
import { committedBytes } from "../../packages/audit/src/private-records.ts";
import { packEntries, packRecords } from "../../packages/audit/src/replica/entry-pack.ts";
import { signCheckpoint } from "../../packages/audit/src/signed-head.ts";
import type { NewEvent } from "../../packages/audit/src/log-types.ts";
import { Client, enrolmentMessage } from "../../packages/control-plane/contract/index.ts";

export const TICK_MS = 100;
const DIGEST = `sha256:${"0".repeat(64)}`;
const tree = createTreeHasher(sha256);

interface Tick {
  /** Entries of the record with the last of this tick. */
  readonly size: number;
  readonly entries: Buffer;
  readonly records: Buffer;
  readonly checkpoint: string;
}

export interface SimulatedHost {
  readonly id: string;
  readonly run: string;
  /** Milliseconds after all of them may begin. */
  readonly beginsMs: number;
  /** Entries of its record when it has sent everything. */
  readonly size: number;
  /** How many entries there are, tick after tick. */
  readonly sizes: readonly number[];
  readonly requests: number;
  readonly refusals: number;
  /** Milliseconds of each request that was answered, until then. */
  readonly answeredMs: readonly number[];
  /** The server said that it holds all of it. */
  readonly done: boolean;
  /** SHA-256 over the entries of its own log, in their order, in hexadecimal. */
  readonly digest: string;
  /** Resolves when everything was taken, or `stopAt` is over. @param startAt, stopAt milliseconds since 1970; the host begins `beginsMs` later */
  send(startAt: number, stopAt: number): Promise<void>;
}

export interface SimulatedHostOptions {
  readonly url: string;
  readonly owner: Client;
  readonly number: number;
  readonly perSecond: number;
  readonly beginsMs: number;
  readonly ticks: number;
}

/** Enrols a host; what it returns makes its record, which takes no more of the server. */
export async function enrolSimulatedHost(options: SimulatedHostOptions): Promise<() => Promise<SimulatedHost>> {
  const { url, owner, number } = options;
  const logKey = generateKey(`bailiwick/sim-${String(number)}-${Math.random().toString(36).slice(2)}`);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { secret } = await owner.call("invite", { body: { person: "olivia" } });
  const keyText = formatVerifierKey(logKey.verifier);
  const { host } = await new Client({ url, by: { nobody: true } }).call("enrolHost", {
    body: {
      token: secret,
      name: "sim",
      publicKey: Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("base64"),
      logKey: keyText,
      proof: sign(null, enrolmentMessage(secret, keyText), privateKey).toString("base64"),
    },
  });
  const run = makeRunId(Date.now(), Buffer.from(`${String(number).padStart(6, "0")}run!`));
  const facts = { url, id: host, run, privateKey, beginsMs: options.beginsMs };
  return async () => new Sender({ ...facts, ticks: await makeTicks(options, run, logKey) });
}

async function makeTicks(
  { number, perSecond, ticks }: SimulatedHostOptions,
  run: ReturnType<typeof makeRunId>,
  key: NewKey,
): Promise<Tick[]> {
  const range = new CompactRange(tree);
  const made: Tick[] = [];
  // Hosts of less than ten events a second do not all have theirs in the same tick.
  const shift = (number % 10) / 10;
  for (let tick = 0; tick < ticks; tick++) {
    const upTo = Math.max(1, Math.round(((tick + 1) * perSecond * TICK_MS) / 1000 + shift));
    const entries: Uint8Array[] = [];
    const records: (Uint8Array | undefined)[] = [];
    while (range.size < upTo) {
      const { data, record } = encodeEvent(run, eventOf(range.size));
      range.append(tree.leaf(data));
      entries.push(data);
      records.push(record && committedBytes(record));
    }
    const checkpoint = await signCheckpoint([key], { size: range.size, root: range.root() });
    made.push({
      size: range.size,
      entries: packEntries(entries),
      records: packRecords(records),
      checkpoint: Buffer.from(checkpoint).toString("base64"),
    });
  }
  return made;
}

function eventOf(index: number): NewEvent {
  const at = Date.now();
  if (index === 0) {
    return {
      type: "run.started",
      at,
      user: "robin",
      hostname: "laptop",
      agent: "claude-code",
      command: { values: ["claude", "fix it"] },
      workspace: "/home/robin/shop",
      profile: { name: "standard", digest: DIGEST },
      policyDigest: DIGEST,
      enforcement: [],
      follows: { size: 0, root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
      version: "0.1.0",
    };
  }
  return {
    type: "exec.allowed",
    at,
    exec: index,
    parent: 0,
    pid: 100 + (index % 30_000),
    asked: "ls",
    program: { path: "/usr/bin/ls", digest: DIGEST },
    argv: { values: ["ls", `-${String(index)}`] },
    cwd: "/home/robin/shop",
    decision: { outcome: "allow", policies: [], reason: "", policyDigest: DIGEST },
  };
}

interface SenderFacts {
  readonly url: string;
  readonly id: string;
  readonly run: string;
  readonly privateKey: KeyObject;
  readonly beginsMs: number;
  readonly ticks: readonly Tick[];
}

class Sender implements SimulatedHost {
  readonly #facts: SenderFacts;
  readonly #path: string;
  #connection: Connection | undefined;
  /** The first tick that the server does not have. */
  #next = 0;
  #held = 0;
  readonly answeredMs: number[] = [];
  requests = 0;
  refusals = 0;

  constructor(facts: SenderFacts) {
    this.#facts = facts;
    this.#path = `/api/v1/hosts/${facts.id}/log`;
  }

  get id(): string {
    return this.#facts.id;
  }

  get run(): string {
    return this.#facts.run;
  }

  get beginsMs(): number {
    return this.#facts.beginsMs;
  }

  get size(): number {
    return this.#facts.ticks.at(-1)?.size ?? 0;
  }

  get sizes(): readonly number[] {
    return this.#facts.ticks.map(({ size }) => size);
  }

  get done(): boolean {
    return this.#held === this.size;
  }

  get digest(): string {
    const hash = createHash("sha256");
    for (const { entries } of this.#facts.ticks) {
      for (let at = 0; at < entries.length; at += 2 + entries.readUInt16BE(at)) {
        hash.update(entries.subarray(at + 2, at + 2 + entries.readUInt16BE(at)));
      }
    }
    return hash.digest("hex");
  }

  async send(allFrom: number, stopAt: number): Promise<void> {
    const { ticks, beginsMs } = this.#facts;
    const startAt = allFrom + beginsMs;
    while (this.#next < ticks.length && Date.now() < stopAt) {
      const sentAt = Date.now();
      const due = Math.min(ticks.length, Math.floor((sentAt - startAt) / TICK_MS));
      if (due > this.#next && ticks[due - 1]?.size !== this.#held) await this.#sendTo(due);
      else if (due > this.#next) this.#next = due;
      const wait = Math.max(sentAt, startAt + this.#next * TICK_MS) + TICK_MS - Date.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    }
    this.#connection?.close();
  }

  async #sendTo(due: number): Promise<void> {
    const batch = this.#facts.ticks.slice(this.#next, due);
    const last = batch.at(-1);
    if (last === undefined) return;
    const body = Buffer.from(
      JSON.stringify({
        from: this.#held,
        count: last.size - this.#held,
        entries: Buffer.concat(batch.map(({ entries }) => entries)).toString("base64"),
        records: Buffer.concat(batch.map(({ records }) => records)).toString("base64"),
        checkpoint: last.checkpoint,
        proof: [],
      }),
    );
    const sentAt = performance.now();
    const answer = await this.#request("POST", body);
    if (answer?.size === undefined) return await this.#ask();
    this.answeredMs.push(performance.now() - sentAt);
    this.#next = due;
    this.#held = last.size;
  }

  /** As a host does after whatever went wrong: it asks what the server holds, and goes on from there. */
  async #ask(): Promise<void> {
    this.refusals += 1;
    await new Promise((resolve) => setTimeout(resolve, 200));
    const answer = await this.#request("GET", Buffer.alloc(0));
    if (answer?.size === undefined) return;
    const { size } = answer;
    this.#held = size;
    const next = this.#facts.ticks.findIndex((tick) => tick.size > size);
    this.#next = next < 0 ? this.#facts.ticks.length : next;
  }

  async #request(method: string, body: Buffer): Promise<{ size?: number } | undefined> {
    this.requests += 1;
    const { url, id, privateKey } = this.#facts;
    const digest = `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
    const params = `("@method" "@path" "content-digest");created=${String(Math.floor(Date.now() / 1000))};keyid="${id}";alg="ed25519";tag="bailiwick-host"`;
    const base = `"@method": ${method}\n"@path": ${this.#path}\n"content-digest": ${digest}\n"@signature-params": ${params}`;
    const signature = sign(null, Buffer.from(base), privateKey).toString("base64");
    const head =
      `${method} ${this.#path} HTTP/1.1\r\nhost: ${new URL(url).host}\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n` +
      `content-digest: ${digest}\r\nsignature-input: sig=${params}\r\nsignature: sig=:${signature}:\r\n\r\n`;
    try {
      this.#connection ??= new Connection(url);
      const text = await this.#connection.exchange(Buffer.concat([Buffer.from(head, "latin1"), body]));
      return JSON.parse(text) as { size?: number };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#connection?.close();
      this.#connection = undefined;
      return undefined;
    }
  }
}

/** HTTP/1.1 as little as it takes: one request at a time, answers that say their length. */
class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #answered: PromiseWithResolvers<string> | undefined;

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on("data", (bytes) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
      this.#take();
    });
    const fail = (error?: Error): void => {
      this.#answered?.reject(error ?? new Error("the connection was closed"));
    };
    this.#socket.on("error", fail);
    this.#socket.on("close", () => {
      fail();
    });
  }

  async exchange(request: Buffer): Promise<string> {
    if (this.#socket.destroyed) throw new Error("the connection was closed");
    this.#answered = Promise.withResolvers<string>();
    this.#socket.write(request);
    return await this.#answered.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(): void {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const [, length] = /content-length: ([0-9]+)/i.exec(this.#received.toString("latin1", 0, end)) ?? [];
    const to = end + 4 + Number(length);
    if (!(this.#received.length >= to)) return;
    const text = this.#received.toString("utf8", end + 4, to);
    this.#received = this.#received.subarray(to);
    this.#answered?.resolve(text);
  }
}
