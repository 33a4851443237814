import { createHash } from "node:crypto";
import type { RunId } from "@bailiwick/base";
import { openExaminers } from "./examiners.privileged.ts";
import { sha256, verifyEd25519 } from "./key.ts";
import type { TreeHead } from "./log-types.ts";
import { readVerifierKey } from "./read.ts";
import { noSuchRun } from "./read-run.ts";
import { refreshIndex } from "./run-index.ts";
import { diskSource } from "./source-disk.ts";
import type { OtherCheckpoint } from "./verify/other-heads.ts";
import type { Sha256Stream } from "./verify/recording-check.ts";
import { verifyRecord, type Verification } from "./verify/verify.ts";

export interface VerifyLogOptions {
  /** Proves the entries of this run, and what lies between them, only. Default: the whole log. */
  readonly run?: RunId;
  /** Indexes of the run's first and last entry, where the caller knows them: nothing is searched for then. */
  readonly range?: { readonly first: number; readonly last: number };
  /** Default: the verifier key beside the log, which proves nothing against somebody who could replace that too. */
  readonly verifierKey?: string;
  /** Heads of this log seen earlier, from wherever they were kept. */
  readonly remembered?: readonly TreeHead[];
  /** Signed checkpoints of this log from elsewhere, each with the copy of the log that it is of, if there is one. */
  readonly against?: readonly OtherCheckpoint[];
  /** A signed checkpoint up to which the log was verified before: only entries after it are read. Not together with `run`. */
  readonly from?: Uint8Array;
  /** Told now and then how many entries were read, of how many. */
  readonly onProgress?: (entries: number, of: number) => void;
}

/**
 * Checks the record against its signed root. What is wrong with the record is in the result.
 * @throws AuditError AUDIT_NO_LOG; with `run` also AUDIT_NO_SUCH_RUN, AUDIT_LOG_DAMAGED, AUDIT_MALFORMED when the run cannot be found at all
 */
export async function verifyLog(directory: string, options: VerifyLogOptions = {}): Promise<Verification> {
  const { run, range, verifierKey = await readVerifierKey(directory), ...rest } = options;
  const primitives = { sha256, createSha256, verifyEd25519 };
  const source = diskSource(directory);
  if (run === undefined) {
    const openExaminer = (size: number) => openExaminers(directory, size);
    return await verifyRecord(source, primitives, { ...rest, verifierKey, openExaminer });
  }
  if (range !== undefined)
    return await verifyRecord(source, primitives, { ...rest, verifierKey, run: { id: run, ...range } });
  const verifyRange = async (useHint: boolean): Promise<Verification> => {
    const summary = (await refreshIndex(directory, { useHint })).runs.get(run);
    if (summary === undefined) throw noSuchRun(run);
    const { first, last, erased } = summary;
    return await verifyRecord(source, primitives, {
      ...rest,
      verifierKey,
      run: { id: run, first, last, erased: erased?.index },
    });
  };
  const result = await verifyRange(true);
  // The hint is no evidence: whoever changed it could make a run look shorter, but not both begun and ended.
  return result.ok && result.unended.length === 0 ? result : await verifyRange(false);
}

function createSha256(): Sha256Stream {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.copy().digest() };
}
