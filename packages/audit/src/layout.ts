import { join } from "node:path";
import { RECORDS_WIDTH } from "./private-records.ts";

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
    lock: join(directory, "lock"),
    hint: join(directory, "runs.hint.json"),
  };
}

/** `private/RUN`: all that is personal of a run, and nothing else. */
export function privateDirectory(run: string): string {
  return `private/${run}`;
}

/** `private/RUN/N`: the personal members of a run's entries, of that at an index and those near it. */
export function recordsPath(run: string, index: number): string {
  return `${privateDirectory(run)}/${String(Math.floor(index / RECORDS_WIDTH))}`;
}

/** `private/RUN/whole/abcd…` for `sha256:abcd…`: what was too long for an event of the run. */
export function wholePath(run: string, digest: string): string {
  return `${privateDirectory(run)}/whole/${digest.slice("sha256:".length)}`;
}
