import { join } from "node:path";

/**
 * Where things are in the directory of the record. Only `log/` has the public form (C2SP tlog-tiles) and may be copied
 * or served as it is; the private key lies beside it, never in it.
 */
export interface Layout {
  readonly directory: string;
  readonly log: string;
  readonly checkpoint: string;
  readonly blobs: string;
  /** Private: mode 0600. */
  readonly key: string;
  readonly verifierKey: string;
  /** INVARIANT(lock-file): nothing but lock.ts opens it; closing another descriptor of it would drop the kernel's lock. */
  readonly lock: string;
  /** What listRuns learnt from the log; never the truth. */
  readonly hint: string;
}

export function layoutOf(directory: string): Layout {
  const log = join(directory, "log");
  return {
    directory,
    log,
    checkpoint: join(log, "checkpoint"),
    blobs: join(directory, "blobs"),
    key: join(directory, "log.key"),
    verifierKey: join(directory, "log.vkey"),
    lock: join(directory, "lock"),
    hint: join(directory, "runs.hint.json"),
  };
}

/** `blobs/sha256/ab/abcd…` for `sha256:abcd…` */
export function blobPath(digest: string): string {
  const hex = digest.slice("sha256:".length);
  return `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
}
