/** The record: how fast it takes events, how long until they are durable, and how fast it is checked; beside what disk and SHA-256 allow. */
import { hash } from "node:crypto";
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { makeRunId } from "@bailiwick/base";
import { openRunLog, verifyLog, type NewEvent, type RunLog } from "@bailiwick/audit";

const DIGEST = `sha256:${"a".repeat(64)}`;
const EVENTS = 200_000;
/** Of the record that is verified: as many as some days of a busy machine, beside which it does not matter how long threads take to begin. */
const VERIFIED = 1_000_000;
const PENDING = 8_000;
let execs = 0;

/** The first event of a run, without which a record does not verify. */
function makeStart(log: RunLog): NewEvent {
  return {
    type: "run.started",
    at: 1_700_000_000_000,
    user: "user",
    hostname: "host",
    agent: "bench",
    command: { values: ["true"] },
    workspace: "/home/user/project",
    profile: { name: "standard", digest: DIGEST },
    policyDigest: DIGEST,
    enforcement: [],
    follows: log.follows,
    version: "0.1.0",
  };
}

/** Events of about 500 bytes in the log. */
function makeEvent(): NewEvent {
  const exec = ++execs;
  return {
    type: "exec.allowed",
    at: 1_700_000_000_000 + exec,
    exec,
    parent: 1,
    pid: 4_000_000,
    asked: "/usr/bin/node",
    program: { path: "/usr/bin/node", digest: DIGEST },
    argv: { values: ["node", "--test", `packages/audit/src/file-${String(exec)}.test.ts`] },
    cwd: "/home/user/project/packages",
    decision: { outcome: "allow", policies: ["default-allow"], reason: "", policyDigest: DIGEST },
  };
}

function open(directory: string): Promise<RunLog> {
  return openRunLog({ directory, run: makeRunId(Date.now(), crypto.getRandomValues(new Uint8Array(10))) });
}

/** As fast as it goes, with a bounded number under way. */
async function measureThroughput(log: RunLog): Promise<number> {
  const start = performance.now();
  await append(log, EVENTS);
  return EVENTS / ((performance.now() - start) / 1000);
}

async function append(log: RunLog, events: number): Promise<void> {
  let last = Promise.resolve(0);
  for (let sent = 0; sent < events; sent++) {
    last = log.append(makeEvent());
    if (log.pending.events >= PENDING) await last;
  }
  await log.flush();
}

/** Milliseconds from `append` to its promise, at a steady rate. */
async function measureLatency(log: RunLog, perSecond: number): Promise<number[]> {
  const latencies: number[] = [];
  const start = performance.now();
  const total = perSecond * 2;
  const acknowledged: Promise<void>[] = [];
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, ((performance.now() - start) / 1000) * perSecond);
    for (; sent < due; sent++) {
      const at = performance.now();
      acknowledged.push(log.append(makeEvent()).then(() => void latencies.push(performance.now() - at)));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(acknowledged);
  return latencies.sort((a, b) => a - b);
}

function percentile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0;
}

function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** The median of a few times, each with the threads that it starts. */
async function measureVerification(directory: string, size: number): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = performance.now();
    const { ok } = await verifyLog(directory);
    samples.push(size / ((performance.now() - before) / 1000));
    if (!ok) throw new Error("the record of the benchmark does not verify");
  }
  return median(samples);
}

async function measureFirstEvent(directory: string): Promise<{ open: number; first: number; next: number }> {
  const samples = { open: [] as number[], first: [] as number[], next: [] as number[] };
  for (let round = 0; round < 15; round++) {
    const start = performance.now();
    const log = await open(directory);
    const opened = performance.now();
    await Promise.all([log.append(makeStart(log)), log.flush()]);
    const first = performance.now();
    await Promise.all([log.append(makeEvent()), log.flush()]);
    const next = performance.now();
    await log.close();
    samples.open.push(opened - start);
    samples.first.push(first - opened);
    samples.next.push(next - first);
  }
  return { open: median(samples.open), first: median(samples.first), next: median(samples.next) };
}

function measureDisk(directory: string): number {
  const fd = openSync(join(directory, "sync-probe"), "w");
  const samples = Array.from({ length: 50 }, () => {
    const start = performance.now();
    writeSync(fd, Buffer.alloc(4096));
    fsyncSync(fd);
    return performance.now() - start;
  });
  closeSync(fd);
  return median(samples);
}

function measureHash(): number {
  const [leaf, node] = [Buffer.alloc(501), Buffer.alloc(65)];
  const start = performance.now();
  for (let index = 0; index < 100_000; index++) {
    hash("sha256", leaf, "buffer");
    hash("sha256", node, "buffer");
  }
  return 100_000 / ((performance.now() - start) / 1000);
}

export async function bench(): Promise<Record<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), "bailiwick-bench-audit-"));
  try {
    const log = await open(join(directory, "record"));
    await log.append(makeStart(log));
    await measureLatency(log, 2_000); // until the compiler has seen everything
    const at5k = await measureLatency(log, 5_000);
    const at20k = await measureLatency(log, 20_000);
    const perSecond = await measureThroughput(log);
    await append(log, VERIFIED - execs);
    const { size } = await log.close();
    const verifyPerSecond = await measureVerification(join(directory, "record"), size);
    const { open: openMs, first, next } = await measureFirstEvent(join(directory, "record"));
    return {
      "events-per-second": perSecond,
      "append-ms-p50/5000": percentile(at5k, 0.5),
      "append-ms-p99/5000": percentile(at5k, 0.99),
      "append-ms-p50/20000": percentile(at20k, 0.5),
      "append-ms-p99/20000": percentile(at20k, 0.99),
      "open-ms": openMs,
      "first-event-ms": first,
      "next-event-ms": next,
      "verified-per-second": verifyPerSecond,
      "limit-hashed-per-second": measureHash(),
      "limit-fsync-ms": measureDisk(directory),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

if (import.meta.main) console.table(await bench());
