/** Writes an archive of evidence, of one record or of several, piece by piece: the events of a year need not lie in memory. */
import type { Statement } from "@bailiwick/audit";
import { ArchiveWriter, formatManifest, MANIFEST, sha256Hex, STATEMENT, STATEMENT_KINDS } from "./archive.ts";
import { Collector } from "./collect.ts";
import type { FrameworkName } from "./controls/frameworks.ts";
import { dataOf } from "./data.ts";
import { isVerified, type Facts, type LogFacts, type Order, type Period, type RunFacts } from "./facts.ts";
import { toHtml } from "./html.ts";
import { limitsOf } from "./limits.ts";
import type { EvidenceLog, EvidenceRun } from "./log.ts";
import { readme } from "./readme.ts";
import { reportOf } from "./report.ts";
import { statementLines } from "./statement-lines.ts";

/** Proofs of more entries than this would be most of the archive. */
const MAX_PROOFS = 20_000;
/** So much is compressed before it is passed on. */
const PIECE_BYTES = 64 << 10;

export interface WriteOptions {
  readonly logs: readonly EvidenceLog[];
  readonly period: Period;
  readonly project?: string | undefined;
  /** Runs of the period whose project is no longer known. */
  readonly unattributed: number;
  /** Of a server; undefined: of one host. */
  readonly order?: Order | undefined;
  readonly frameworks: readonly FrameworkName[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of Bailiwick. */
  readonly version: string;
  /** Verifier key of whoever signs the archive. */
  readonly key: string;
  readonly sign: (statement: Statement) => Promise<Uint8Array>;
  /** Told what goes on, now and then. */
  readonly onProgress?: ((what: string, done: number, of: number) => void) | undefined;
}

export interface Written {
  readonly runs: number;
  readonly proofs: number;
  /** Entries that should have a proof of their own and have none, since there are too many, or they can't be proven. */
  readonly unproven: number;
  /** False: a record did not verify. The archive says so. */
  readonly verified: boolean;
  readonly limits: readonly string[];
}

/** Yields the archive; without its last piece it is none. @throws errors of the records, and of signing */
export async function* writeEvidence(options: WriteOptions): AsyncGenerator<Uint8Array, Written> {
  const writer = new ArchiveWriter(options.now);
  const collector = new Collector();
  const runs: RunFacts[] = [];
  const logs: LogFacts[] = [];
  let [wanted, proofs] = [0, 0];
  for (const log of options.logs) {
    collector.begin(log.host);
    for (const run of log.runs) {
      options.onProgress?.("reading runs", runs.length, runs.length + log.runs.length);
      runs.push(yield* addRun(writer, collector, { log, run }));
    }
    for await (const rotation of log.readRotations()) collector.note(rotation);
    wanted += collector.toProve.size;
    const entries = [...collector.toProve].toSorted((a, b) => a - b).slice(0, MAX_PROOFS - proofs);
    proofs += yield* addProofs(writer, { log, entries, onProgress: options.onProgress });
    writer.add(`${placeOf(log)}log/checkpoint`, log.checkpoint);
    writer.add(`${placeOf(log)}log/log.vkey`, Buffer.from(`${log.key}\n`));
    logs.push({ host: log.host, key: log.key, verification: log.verification() });
  }
  const { period, project, unattributed, order, now: madeAt, version, key } = options;
  const facts: Facts = {
    ...{ period, project, unattributed, order, madeAt, version, key },
    ...{ runs, logs, found: collector.found },
  };
  await addReports(writer, facts, { frameworks: options.frameworks, proofs, wanted });
  yield* writer.take();
  await seal(writer, facts, options.sign);
  yield writer.finish();
  const rest = { verified: isVerified(facts), limits: limitsOf(facts) };
  return { runs: runs.length, proofs, unproven: wanted - proofs, ...rest };
}

/** Where what is of a record stands in the archive. */
function placeOf({ host }: EvidenceLog): string {
  return host === undefined ? "" : `hosts/${host}/`;
}

async function* addRun(
  writer: ArchiveWriter,
  collector: Collector,
  { log, run }: { readonly log: EvidenceLog; readonly run: EvidenceRun },
): AsyncGenerator<Uint8Array, RunFacts> {
  const file = writer.open(`${placeOf(log)}runs/${run.run}.ndjson`);
  const lines = collector.readRun(run);
  let step = await lines.next();
  for (; step.done !== true; step = await lines.next()) {
    file.write(Buffer.from(step.value));
    yield* writer.take(PIECE_BYTES);
  }
  file.close();
  if (run.recording !== undefined) {
    const cast = writer.open(`${placeOf(log)}recordings/${run.run}.cast`);
    for await (const bytes of run.recording()) {
      cast.write(bytes);
      yield* writer.take(PIECE_BYTES);
    }
    cast.close();
  }
  return step.value;
}

interface Proving {
  readonly log: EvidenceLog;
  readonly entries: readonly number[];
  readonly onProgress: WriteOptions["onProgress"];
}

/** @returns how many were made */
async function* addProofs(
  writer: ArchiveWriter,
  { log, entries, onProgress }: Proving,
): AsyncGenerator<Uint8Array, number> {
  let made = 0;
  for (const [done, index] of entries.entries()) {
    if (done % 100 === 0) onProgress?.("proving entries", done, entries.length);
    const proof = await log.prove(index);
    if (proof === undefined) continue;
    made += 1;
    writer.add(`${placeOf(log)}proofs/${String(index)}.tlog-proof`, proof);
    yield* writer.take(PIECE_BYTES);
  }
  return made;
}

interface Reporting {
  readonly frameworks: readonly FrameworkName[];
  readonly proofs: number;
  readonly wanted: number;
}

async function addReports(writer: ArchiveWriter, facts: Facts, reporting: Reporting): Promise<void> {
  const blocks = reportOf(facts, reporting.frameworks);
  const { toPdf } = await import("./pdf.ts");
  writer.add("report.html", Buffer.from(toHtml(blocks)));
  writer.add("report.pdf", await toPdf(blocks, facts.madeAt));
  writer.add("evidence.json", Buffer.from(`${JSON.stringify(dataOf(facts, reporting), null, 1)}\n`));
}

async function seal(writer: ArchiveWriter, facts: Facts, sign: WriteOptions["sign"]): Promise<void> {
  writer.add("README.txt", Buffer.from(readme(facts)));
  const manifest = Buffer.from(formatManifest(writer.digests));
  writer.add(MANIFEST, manifest);
  const kind = facts.order === undefined ? STATEMENT_KINDS.host : STATEMENT_KINDS.server;
  writer.add(STATEMENT, await sign({ kind, lines: statementLines(facts, sha256Hex(manifest)) }));
}
