import { join } from "node:path";

/**
 * Where things are in the directory of the record. Only `log/` has the public form (C2SP tlog-tiles) and may be copied
 * or served as it is; the private key lies beside it, never in it.
 */
export interface Layout {
  readonly directory: string;
  readonly log: string;
  readonly checkpoint: string;
  /** Salts and personal members, a directory for each run. */
  readonly private: string;
  /** Private: mode 0600. */
  readonly key: string;
  readonly verifierKey: string;
  /** What signs instead of `key`, where it names the key of `verifierKey`. @see file signer/config.ts */
  readonly signer: string;
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
    private: join(directory, "private"),
    key: join(directory, "log.key"),
    verifierKey: join(directory, "log.vkey"),
    signer: join(directory, "signer.toml"),
    lock: join(directory, "lock"),
    hint: join(directory, "runs.hint.json"),
  };
}
