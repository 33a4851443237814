import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  openProver,
  readLog,
  readRun,
  readVerifierKey,
  tilesDirectory,
  verifyLog,
  type LoggedEvent,
  type RunSummary,
} from "@bailiwick/audit";
import type { Period } from "./facts.ts";
import type { EvidenceLog } from "./log.ts";

/** The record of this host, verified as a whole. @throws AuditError as verifying does */
export async function openDiskLog(
  directory: string,
  runs: readonly RunSummary[],
  period: Period,
): Promise<EvidenceLog> {
  const verification = await verifyLog(directory);
  const prover = await openProver(directory);
  return {
    host: undefined,
    key: await readVerifierKey(directory),
    checkpoint: await readFile(join(tilesDirectory(directory), "checkpoint")),
    runs: runs.map((summary) => ({
      run: summary.run,
      read: () => readRun(directory, summary),
      summary: () => summary,
      recording: undefined,
    })),
    readRotations: () => (verification.rotations > 0 ? readRotations(directory, period) : none()),
    prove: (index) => prover.prove(index),
    verification: () => verification,
  };
}

/** They are few, and stand between all the others. */
async function* readRotations(directory: string, period: Period): AsyncGenerator<LoggedEvent> {
  for await (const logged of readLog(directory, 0)) {
    const { event } = logged;
    if (event.type === "key.rotated" && event.at >= period.from && event.at <= period.to) yield logged;
  }
}

async function* none(): AsyncGenerator<never> {
  // There is nothing to wait for.
}
