import { listRuns, signStatement } from "@bailiwick/audit";
import { selectRuns } from "./collect.ts";
import type { FrameworkName } from "./controls/frameworks.ts";
import { openDiskLog } from "./disk-log.ts";
import { utc } from "./document.ts";
import { EvidenceError } from "./errors.ts";
import type { Period } from "./facts.ts";
import { writeEvidence, type WriteOptions, type Written } from "./write.ts";

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
  readonly onProgress?: WriteOptions["onProgress"];
}

export interface Evidence extends Written {
  readonly archive: Uint8Array;
}

/**
 * Evidence of a period in one signed file: what ran, under which policy, what was asked and refused, what was enforced, proofs, and a report.
 * @throws EvidenceError EVIDENCE_NOTHING; AuditError as reading, proving and signing do
 */
export async function makeEvidence(options: EvidenceOptions): Promise<Evidence> {
  const { directory, period, project, onProgress } = options;
  const { runs, unattributed } = selectRuns(await listRuns(directory), period, project);
  if (runs.length === 0) {
    const where = project === undefined ? "" : ` of \`${project}\``;
    throw new EvidenceError(
      "EVIDENCE_NOTHING",
      `no run${where} was going on from ${utc(period.from)} to ${utc(period.to)} UTC; see \`bailiwick runs\``,
    );
  }
  onProgress?.("verifying the record", 0, 1);
  const log = await openDiskLog(directory, runs, period);
  const { frameworks, now, version } = options;
  const pieces = writeEvidence({
    ...{ period, project, unattributed, frameworks, now, version, onProgress },
    logs: [log],
    key: log.key,
    sign: (statement) => signStatement(directory, statement),
  });
  const chunks: Uint8Array[] = [];
  let step = await pieces.next();
  for (; step.done !== true; step = await pieces.next()) chunks.push(step.value);
  return { archive: Buffer.concat(chunks), ...step.value };
}
