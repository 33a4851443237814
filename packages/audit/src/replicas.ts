/** Copies of logs that somebody else holds; loaded when first used, since a run of a host without a server must not load any of it. */
import { AuditError } from "./errors.ts";
import type * as holding from "./replica/holding.ts";
import type { ContinuationLimits, SentContinuation } from "./replica/read-continuation.ts";
import type { KnownWitness } from "./witness/cosign.ts";

/** @see file replica/holding.ts */
export async function loadHolding(): Promise<typeof holding> {
  return await import("./replica/holding.ts");
}

/** @see file replica/read-continuation.ts */
export async function readContinuation(
  directory: string,
  from: number,
  limits: ContinuationLimits,
): Promise<SentContinuation | undefined> {
  const module = await import("./replica/read-continuation.ts");
  return await module.readContinuation(directory, from, limits);
}

/** Makes the log of this host where there is none: its key and a checkpoint of no entries. @throws AuditError as openRunLog */
export async function makeLog(directory: string): Promise<void> {
  const { openAppender } = await import("./open-log.ts");
  (await openAppender({ directory })).lock.close();
}

/** Keeps a witness's line on a checkpoint of the log beside it, if it is that. @see file witness/keep-line.ts */
export async function keepCosignature(
  directory: string,
  witness: Pick<KnownWitness, "key">,
  given: { readonly checkpoint: Uint8Array; readonly line: string },
): Promise<boolean> {
  const module = await import("./witness/keep-line.ts");
  return await module.keepLine(directory, witness.key, given);
}

/** A lock of the kernel on a file, without waiting long; undefined when another process has it. Ends with this process, however that dies. */
export async function holdLock(path: string): Promise<{ release(): void } | undefined> {
  const { FileLock } = await import("./lock.ts");
  const lock = new FileLock(path);
  try {
    const held = await lock.acquire(0);
    return {
      release: () => {
        held.release();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    if (error instanceof AuditError && error.code === "AUDIT_LOCKED") return undefined;
    throw error;
  }
}
