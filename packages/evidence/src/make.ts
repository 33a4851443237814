import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { listRuns, openProver, readVerifierKey, signStatement, tilesDirectory, verifyLog } from "@bailiwick/audit";
import { ArchiveWriter, formatManifest, MANIFEST, sha256Hex, STATEMENT, STATEMENT_KIND } from "./archive.ts";
import { Collector, selectRuns } from "./collect.ts";
import type { FrameworkName } from "./controls/frameworks.ts";
import { utc } from "./document.ts";
import { EvidenceError } from "./errors.ts";
import type { Facts, Period, RunFacts } from "./facts.ts";
import { toHtml } from "./html.ts";
import { limitsOf } from "./limits.ts";
import { readme } from "./readme.ts";
import { reportOf } from "./report.ts";

/** Proofs of more entries than this would be most of the archive. */
const MAX_PROOFS = 20_000;

export interface EvidenceOptions {
  /** The directory of the record. */
  readonly directory: string;
  readonly period: Period;
  /** A workspace; default: all. */
  readonly project?: string;
  readonly frameworks: readonly FrameworkName[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of Bailiwick. */
  readonly version: string;
  /** Told what goes on, now and then. */
  readonly onProgress?: (what: string, done: number, of: number) => void;
}

export interface Evidence {
  readonly archive: Uint8Array;
  readonly runs: number;
  readonly proofs: number;
  /** Entries that should have a proof of their own and have none, since there are too many. */
  readonly unproven: number;
  /** False: the record did not verify. The archive says so. */
  readonly verified: boolean;
  readonly limits: readonly string[];
}

/**
 * Evidence of a period in one signed file: what ran, under which policy, what was asked and refused, what was enforced, proofs, and a report.
 * @throws EvidenceError EVIDENCE_NOTHING; AuditError as reading, proving and signing do
 */
export async function makeEvidence(options: EvidenceOptions): Promise<Evidence> {
  const { directory, period, project, frameworks, now, version, onProgress } = options;
  const { runs, unattributed } = selectRuns(await listRuns(directory), period, project);
  if (runs.length === 0) {
    const where = project === undefined ? "" : ` of \`${project}\``;
    throw new EvidenceError(
      "EVIDENCE_NOTHING",
      `no run${where} was going on from ${utc(period.from)} to ${utc(period.to)} UTC; see \`bailiwick runs\``,
    );
  }
  onProgress?.("verifying the record", 0, 1);
  const verification = await verifyLog(directory);
  const writer = new ArchiveWriter(now);
  const collector = new Collector();
  const facts: RunFacts[] = [];
  for (const summary of runs) {
    onProgress?.("reading runs", facts.length, runs.length);
    const file = writer.open(`runs/${summary.run}.ndjson`);
    facts.push(
      await collector.readRun(directory, summary, (line) => {
        file.write(Buffer.from(line));
      }),
    );
    file.close();
  }
  if (verification.rotations > 0) await collector.readKeyRotations(directory, period);
  const proofs = await addProofs(writer, { directory, entries: [...collector.toProve], onProgress });
  const all: Facts = {
    period,
    project,
    runs: facts,
    unattributed,
    found: collector.found,
    verification,
    logKey: await readVerifierKey(directory),
    madeAt: now,
    version,
  };
  await addReports(writer, all, { frameworks, proofs, wanted: collector.toProve.size });
  await addLog(writer, directory, all.logKey);
  return {
    archive: await seal(writer, directory, all),
    runs: facts.length,
    proofs,
    unproven: collector.toProve.size - proofs,
    verified: verification.ok,
    limits: limitsOf(all),
  };
}

interface Proving {
  readonly directory: string;
  readonly entries: readonly number[];
  readonly onProgress: EvidenceOptions["onProgress"];
}

/** @returns how many were made */
async function addProofs(writer: ArchiveWriter, { directory, entries, onProgress }: Proving): Promise<number> {
  const chosen = entries.toSorted((a, b) => a - b).slice(0, MAX_PROOFS);
  const prover = await openProver(directory);
  for (const [done, index] of chosen.entries()) {
    if (done % 100 === 0) onProgress?.("proving entries", done, chosen.length);
    writer.add(`proofs/${String(index)}.tlog-proof`, await prover.prove(index));
  }
  return chosen.length;
}

interface Reporting {
  readonly frameworks: readonly FrameworkName[];
  readonly proofs: number;
  readonly wanted: number;
}

async function addReports(
  writer: ArchiveWriter,
  facts: Facts,
  { frameworks, proofs, wanted }: Reporting,
): Promise<void> {
  const blocks = reportOf(facts, frameworks);
  const { toPdf } = await import("./pdf.ts");
  writer.add("report.html", Buffer.from(toHtml(blocks)));
  writer.add("report.pdf", await toPdf(blocks, facts.madeAt));
  const { period, project, runs, found, verification, madeAt, version, unattributed } = facts;
  const data = {
    v: 1,
    period,
    project: project ?? null,
    madeAt,
    version,
    frameworks,
    verification,
    found: Object.fromEntries(found),
    proofs: { made: proofs, left: wanted - proofs },
    unattributed,
    limits: limitsOf(facts),
    runs: runs.map(({ summary, started, approvals, refusals }) => ({
      ...summary,
      hostname: started?.hostname,
      profile: started?.profile,
      policyDigest: started?.policyDigest,
      enforcement: started?.enforcement,
      approvals: approvals.map(({ index }) => index),
      refusals: refusals.map(({ index }) => index),
    })),
  };
  writer.add("evidence.json", Buffer.from(`${JSON.stringify(data, null, 1)}\n`));
}

async function addLog(writer: ArchiveWriter, directory: string, logKey: string): Promise<void> {
  writer.add("log/checkpoint", await readFile(join(tilesDirectory(directory), "checkpoint")));
  writer.add("log/log.vkey", Buffer.from(`${logKey}\n`));
}

async function seal(writer: ArchiveWriter, directory: string, facts: Facts): Promise<Uint8Array> {
  writer.add("README.txt", Buffer.from(readme(facts)));
  const manifest = Buffer.from(formatManifest(writer.digests));
  writer.add(MANIFEST, manifest);
  const { period, madeAt, verification } = facts;
  const statement = await signStatement(directory, {
    kind: STATEMENT_KIND,
    lines: [
      `manifest sha256:${sha256Hex(manifest)}`,
      `period ${new Date(period.from).toISOString()} ${new Date(period.to).toISOString()}`,
      `made ${new Date(madeAt).toISOString()}`,
      `head ${verification.head === undefined ? "none" : `${String(verification.head.size)} ${verification.head.root}`}`,
    ],
  });
  writer.add(STATEMENT, statement);
  return writer.finish();
}
