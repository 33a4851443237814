/** Records and events for the tests. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { makeRunId, type RunId } from "@bailiwick/base";
import type { NewEvent, RunLog, TreeHead } from "../src/log-types.ts";
import { diskFiles } from "../src/files.ts";
import type { Signer } from "../src/key.ts";
import { layoutOf } from "../src/layout.ts";
import { loadSigner } from "../src/signer/load-signer.ts";
import { openRunLog, type RunLogOptions } from "../src/run-log.ts";

export const DIGEST = `sha256:${"ab".repeat(32)}`;

let runs = 0;

export function newRun(): RunId {
  runs += 1;
  return makeRunId(1_760_000_000_000 + runs, randomBytes(10));
}

/** A directory of its own, not made yet, removed after the test. */
export function temporaryRecord(context: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), "bailiwick-audit-"));
  context.after(() => {
    rmSync(parent, { recursive: true, force: true });
  });
  return join(parent, "record");
}

type NewEventOf<T extends NewEvent["type"]> = Extract<NewEvent, { type: T }>;

export function started(follows: TreeHead): NewEventOf<"run.started"> {
  return {
    type: "run.started",
    at: 1,
    user: "user",
    hostname: "host",
    agent: "agent",
    command: { values: ["agent", "--flag"] },
    workspace: "/workspace",
    profile: { name: "standard", digest: DIGEST },
    policyDigest: DIGEST,
    enforcement: [{ layer: "namespaces", state: "enforced", detail: "" }],
    follows,
    version: "0.1.0",
  };
}

export function allowed(exec: number, values: string[] = ["true"]): NewEventOf<"exec.allowed"> {
  return {
    type: "exec.allowed",
    at: 2,
    exec,
    parent: 0,
    pid: 7,
    asked: "true",
    program: { path: "/bin/true", digest: DIGEST },
    argv: { values },
    cwd: "/workspace",
    decision: { outcome: "allow", policies: ["p"], reason: "", policyDigest: DIGEST },
  };
}

export function ended(exec: number): NewEvent {
  return { type: "exec.ended", at: 3, exec, status: 0, wallMs: 1 };
}

export function finished(execs: number): NewEvent {
  return {
    type: "run.ended",
    at: 4,
    status: 0,
    reason: "exited",
    counts: { execs, refused: 0, asked: 0, connections: 0, hostsRefused: 0 },
    wallMs: 1,
  };
}

/** Whoever signs this record. */
export async function signerOf(directory: string): Promise<Signer> {
  const signer = await loadSigner(diskFiles, layoutOf(directory));
  if (signer === undefined) throw new Error("the record has no key");
  return signer;
}

export interface WrittenRun {
  readonly run: RunId;
  readonly head: TreeHead;
}

/** A whole run of 2 + 2 × `execs` entries. */
export async function writeRun(
  directory: string,
  execs: number,
  options: Partial<RunLogOptions> = {},
): Promise<WrittenRun> {
  const run = newRun();
  const log = await openRunLog({ ...options, directory, run });
  const appended: Promise<number>[] = [log.append(started(log.follows))];
  for (let exec = 1; exec <= execs; exec++) appended.push(log.append(allowed(exec)), log.append(ended(exec)));
  appended.push(log.append(finished(execs)));
  const [head] = await Promise.all([log.close(), ...appended]);
  return { run, head };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Appends and waits for nothing but the disk. */
export async function appendNow(log: RunLog, event: NewEvent): Promise<number> {
  const appended = log.append(event);
  const [index] = await Promise.all([appended, log.flush()]);
  return index;
}
