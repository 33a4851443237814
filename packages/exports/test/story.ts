/** A run that has an event of each type, recorded in a log of its own. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { openRunLog, readLog, readVerifierKey, type NewEvent } from "@bailiwick/audit";
import { makeRunId, type RunId } from "@bailiwick/base";
import { RunContexts } from "../src/run-contexts.ts";
import type { Source } from "../src/source.ts";

export const DIGEST = `sha256:${"ab".repeat(32)}`;
export const AT = 1_795_658_710_000;
export const LABELS = ["note=a b|c=d", "team=payments"];

export function temporaryFolder(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-exports-"));
  context.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

type NewEventOf<T extends NewEvent["type"]> = Extract<NewEvent, { type: T }>;

export function started(): NewEventOf<"run.started"> {
  return {
    type: "run.started",
    at: AT,
    name: "story",
    user: "robin",
    hostname: "host",
    agent: "agent",
    labels: [...LABELS],
    command: { values: ["agent", "--do it"] },
    workspace: "/home/robin/project",
    profile: { name: "standard", digest: DIGEST },
    policyDigest: DIGEST,
    enforcement: [{ layer: "namespaces", state: "enforced", detail: "" }],
    follows: { size: 0, root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
    version: "0.1.0",
  };
}

const allow = { outcome: "allow", policies: ["standard.exec"], reason: "", policyDigest: DIGEST } as const;
const deny = {
  outcome: "deny",
  policies: ["secrets.files", "other"],
  reason: "this holds keys",
  instead: "ask",
  policyDigest: DIGEST,
} as const;

export function exec<T extends "exec.allowed" | "exec.refused">(type: T, id: number, parent: number): NewEventOf<T> {
  const decision = type === "exec.allowed" ? allow : deny;
  const event = {
    type,
    at: AT + id + 0.25,
    exec: id,
    parent,
    pid: 100 + id,
    asked: "./tool",
    program: { path: "/usr/bin/tool", digest: DIGEST },
    also: [{ path: "/bin/sh", digest: DIGEST }],
    argv: { values: ["tool", "it's", "a=b|c\\d"] },
    cwd: "/home/robin/project",
    decision: { ...decision, policies: [...decision.policies] },
  };
  return event as unknown as NewEventOf<T>;
}

export function ended(id: number, how: Partial<NewEventOf<"exec.ended">> = { status: 0 }): NewEventOf<"exec.ended"> {
  return { type: "exec.ended", at: AT + 50 + id, exec: id, wallMs: 50, ...how };
}

const denied = { ...deny, policies: ["profile:network"] };
const allowed = { ...allow, policies: ["standard.connect"] };

function request(method: string): { host: string; port: number; method: string; path: string; query: string[] } {
  return { host: "api.example", port: 443, method, path: method === "" ? "" : "/v1/items", query: ["page"] };
}

/** Every type of event, and of those that differ in kind one of each. */
export const STORY: readonly NewEvent[] = [
  started(),
  exec("exec.allowed", 1, 0),
  exec("exec.allowed", 2, 1),
  exec("exec.refused", 3, 2),
  { type: "approval", at: AT, exec: 2, answer: "once", by: "robin", bound: DIGEST },
  { type: "approval", at: AT, exec: 2, answer: "unanswered", by: "robin", bound: DIGEST },
  {
    type: "approval",
    at: AT,
    answer: "run",
    by: "robin",
    bound: DIGEST,
    about: {
      ...{ host: "wiki.test", port: 443, leaks: [{ kind: "secret", what: "github", sample: "ghp_…" }] },
      request: { connection: 1, method: "POST", path: "/drafts", query: ["n"], sizeBytes: -1, contentType: "" },
    },
  },
  { type: "host.refused", at: AT, host: "spy.example", port: 0, exec: 2, decision: denied },
  { type: "host.refused", at: AT, host: "spy.example", port: 443, decision: denied },
  {
    type: "connection.opened",
    at: AT,
    connection: 1,
    host: "api.example",
    port: 443,
    exec: 2,
    decision: allowed,
    address: "203.0.113.7",
  },
  {
    type: "connection.opened",
    at: AT,
    connection: 2,
    host: "api.example",
    port: 443,
    decision: allowed,
    address: "2001:db8::1",
  },
  { type: "connection.closed", at: AT + 9, connection: 1, bytesSent: 10, bytesReceived: 20, wallMs: 9 },
  { type: "connection.closed", at: AT + 9, connection: 7, bytesSent: 0, bytesReceived: 0, wallMs: 9, error: "reset" },
  { type: "request.sent", at: AT, connection: 2, request: 1, ...request("POST"), decision: allowed, credential: "api" },
  { type: "request.sent", at: AT, connection: 2, request: 2, ...request("PURGE"), decision: allowed },
  { type: "request.ended", at: AT + 2, request: 1, status: 201, bytesSent: 3, bytesReceived: 4, wallMs: 2 },
  { type: "request.ended", at: AT + 2, request: 2, bytesSent: 3, bytesReceived: 0, wallMs: 2, error: "reset" },
  { type: "request.refused", at: AT, connection: 2, ...request("DELETE"), exec: 2, decision: denied },
  { type: "request.refused", at: AT, connection: 2, ...request(""), decision: denied },
  {
    type: "credential.misused",
    at: AT,
    credential: "api",
    connection: 2,
    host: "spy.example",
    port: 443,
    where: "body",
  },
  {
    type: "tool.called",
    at: AT,
    call: 1,
    request: 1,
    id: "toolu_1",
    tool: "Bash",
    input: '{"command":"it\'s | a=b"}',
    digest: DIGEST,
    bytes: 24,
  },
  {
    type: "model.called",
    at: AT,
    request: 1,
    exec: 2,
    api: "anthropic-messages",
    model: "model-1",
    streamed: true,
    tokens: { in: 10, cached: 20, written: 5, out: 7 },
    cost: { micros: 1_500, currency: "USD" },
    prompt: { digest: DIGEST, bytes: 4, text: "work" },
    output: { digest: DIGEST, bytes: 3, text: "yes" },
    sent: { digest: DIGEST, bytes: 900 },
    received: { digest: DIGEST, bytes: 700 },
    calls: 1,
    complete: true,
  },
  {
    type: "model.called",
    at: AT,
    request: 2,
    api: "openai-responses",
    streamed: false,
    output: { digest: DIGEST, bytes: 0 },
    sent: { digest: DIGEST, bytes: 0 },
    received: { digest: DIGEST, bytes: 0 },
    calls: 0,
    complete: false,
    unread: "its request is no JSON",
  },
  { type: "budget.spent", at: AT, budget: "repeats", limit: 5, used: 5, came: "extended", by: "robin", call: 1 },
  {
    type: "leak.found",
    at: AT,
    connection: 2,
    host: "spy.example",
    port: 443,
    exec: 2,
    kind: "secret",
    what: "github",
    sample: "ghp_… (40 characters)",
    where: "body",
    decision: denied,
  },
  { type: "recording.opened", at: AT, columns: 80, rows: 24 },
  { type: "recording.grown", at: AT, bytes: 100, digest: DIGEST },
  {
    type: "recording.closed",
    at: AT,
    bytes: 200,
    digest: DIGEST,
    frames: 3,
    dropped: 1,
    redactions: 1,
    reason: "limit",
  },
  exec("exec.allowed", 4, 2),
  ended(2, { replacedBy: 4 }),
  ended(4, { status: 3, cpuMs: 1.5 }),
  exec("exec.allowed", 5, 1),
  ended(5, { signal: "SIGKILL" }),
  exec("exec.allowed", 6, 1),
  ended(6, { failed: "ENOEXEC" }),
  ended(99, { status: 0 }),
  { type: "exec.tampered", at: AT, exec: 1, pid: 101, detail: "argv differs" },
  { type: "files.changed", at: AT, paths: ["src/a.ts", "/abs/b", "build/"], count: 5 },
  { type: "protection.renewed", at: AT, path: "/home/robin/project/.git/hooks", made: true },
  {
    type: "record.witnessed",
    at: AT,
    when: "end",
    by: [{ witness: "w1", size: 3 }],
    missing: [{ witness: "w2", reason: "down" }],
    quorum: 2,
    met: false,
  },
  { type: "run.frozen", at: AT, reason: "the disk is full" },
  {
    type: "run.ended",
    at: AT + 100,
    status: 3,
    reason: "tampering",
    counts: { execs: 5, refused: 1, asked: 2, connections: 2, hostsRefused: 2 },
    wallMs: 100,
  },
];

/** @returns the run's id */
export async function record(directory: string, events: readonly NewEvent[] = STORY): Promise<RunId> {
  const run = makeRunId(AT, randomBytes(10));
  const log = await openRunLog({ directory, run });
  await Promise.all([...events.map((event) => log.append(event)), log.close()]);
  return run;
}

/** Every event of a log as exporters get it. */
export async function sourcesOf(directory: string): Promise<Source[]> {
  const [log = ""] = (await readVerifierKey(directory)).split("+");
  const contexts = new RunContexts(directory, log);
  const sources: Source[] = [];
  for await (const logged of readLog(directory, 0)) {
    // A context goes on changing after its event.
    await contexts.with(logged, (source) => sources.push(structuredClone(source)));
  }
  return sources;
}
