import type { RunId } from "@bailiwick/base";
import { sha256, verifyEd25519 } from "./key.ts";
import type { TreeHead } from "./log-types.ts";
import { readVerifierKey } from "./read.ts";
import { noSuchRun } from "./read-run.ts";
import { refreshIndex } from "./run-index.ts";
import { diskSource } from "./source-disk.ts";
import { verifyRecord, type Verification } from "./verify/verify.ts";

export interface VerifyLogOptions {
  /** Proves the entries of this run, and what lies between them, only. Default: the whole log. */
  readonly run?: RunId;
  /** Default: the verifier key beside the log, which proves nothing against somebody who could replace that too. */
  readonly verifierKey?: string;
  /** Heads of this log seen earlier, from wherever they were kept. */
  readonly remembered?: readonly TreeHead[];
}

/**
 * Checks the record against its signed root. What is wrong with the record is in the result.
 * @throws AuditError AUDIT_NO_LOG; with `run` also AUDIT_NO_SUCH_RUN, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED when the run cannot be found at all
 */
export async function verifyLog(directory: string, options: VerifyLogOptions = {}): Promise<Verification> {
  const verifierKey = options.verifierKey ?? (await readVerifierKey(directory));
  const { run, remembered = [] } = options;
  const primitives = { sha256, verifyEd25519 };
  const source = diskSource(directory);
  if (run === undefined) return await verifyRecord(source, primitives, { verifierKey, remembered });
  const verifyRange = async (useHint: boolean): Promise<Verification> => {
    const summary = (await refreshIndex(directory, { useHint })).runs.get(run);
    if (summary === undefined) throw noSuchRun(run);
    const range = { id: run, first: summary.first, last: summary.last };
    return await verifyRecord(source, primitives, { verifierKey, remembered, run: range });
  };
  const result = await verifyRange(true);
  // The hint is no evidence: whoever changed it could make a run look shorter, but not both begun and ended.
  return result.ok && result.unended.length === 0 ? result : await verifyRange(false);
}
