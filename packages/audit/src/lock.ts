import { statSync } from "node:fs";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { AuditError } from "./errors.ts";
import { diskFiles, readIfThere } from "./files.ts";

/** What a held lock can do. */
export interface HeldLock {
  release(): void;
}

/** Lets one process at a time append to the log. */
export interface LogLock {
  /** @throws AuditError AUDIT_LOCKED after `timeoutMs`; AUDIT_LOCK_FAILED when the file system cannot lock */
  acquire(timeoutMs: number): Promise<HeldLock>;
  close(): void;
}

const BUSY = 5; // SQLITE_BUSY
const LONGEST_PAUSE_MS = 5;

/**
 * The lock of a host's log: a lock of the kernel (fcntl), which ends with the last thread of its holder, however that
 * dies. Node itself has no call for one; SQLite, which is built in, takes it for an exclusive transaction on an empty
 * database that is never written. A lock file with a pid in it was refused: pids are re-used, mean nothing in another
 * pid namespace, and a killed process's last write may still be under way when its pid is already a zombie's.
 */
export class FileLock implements LogLock {
  readonly #path: string;
  #open: OpenLock | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async acquire(timeoutMs: number): Promise<HeldLock> {
    const deadline = performance.now() + timeoutMs;
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const lock = (this.#open ??= await openLock(this.#path));
      if (lock.tryBegin()) {
        if (lock.isStillAt(this.#path))
          return {
            release: () => {
              lock.rollback();
            },
          };
        // Someone removed the file and others lock its successor: this lock excludes nobody.
        lock.rollback();
        this.close();
        continue;
      }
      if (performance.now() >= deadline) throw lockedFor(timeoutMs, this.#path);
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random() / 2)));
    }
  }

  close(): void {
    this.#open?.close();
    this.#open = undefined;
  }
}

interface OpenLock {
  tryBegin(): boolean;
  rollback(): void;
  isStillAt(path: string): boolean;
  close(): void;
}

async function openLock(path: string): Promise<OpenLock> {
  const { DatabaseSync } = await import("node:sqlite");
  return attempt(path, () => {
    const database: DatabaseSync = new DatabaseSync(path, { timeout: 0 });
    const begin: StatementSync = database.prepare("BEGIN EXCLUSIVE");
    const rollback: StatementSync = database.prepare("ROLLBACK");
    const opened = identityOf(path);
    return {
      tryBegin() {
        try {
          begin.run();
          return true;
        } catch (error) {
          if (sqliteCode(error) === BUSY) return false;
          throw lockFailure(path, error);
        }
      },
      rollback() {
        rollback.run();
      },
      isStillAt: (where) => identityOf(where) === opened,
      close() {
        database.close();
      },
    };
  });
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error;
    throw lockFailure(path, error);
  }
}

function identityOf(path: string): string {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? "none" : `${String(stat.dev)}:${String(stat.ino)}`;
}

/** The primary result code of SQLite, whatever its extension. */
function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
}

function lockFailure(path: string, cause: unknown): AuditError {
  const reason = cause instanceof Error ? cause.message : "unknown reason";
  return new AuditError(
    "AUDIT_LOCK_FAILED",
    `cannot lock the record by \`${path}\`: ${reason}; put the state directory on a local disk that is writable`,
    { cause },
  );
}

function lockedFor(timeoutMs: number, path: string): AuditError {
  const holder = holderOf(path);
  const who = holder === undefined ? "another process" : `process ${String(holder)}`;
  return new AuditError(
    "AUDIT_LOCKED",
    `${who} has held \`${path}\` for ${String(timeoutMs)} ms; continue it if it is stopped, or end it`,
  );
}

/** Who holds the kernel's lock on a file, as far as the kernel tells in this pid namespace. */
function holderOf(path: string): number | undefined {
  const inode = statSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
  for (const line of Buffer.from(readIfThere(diskFiles, "/proc/locks") ?? [])
    .toString("latin1")
    .split("\n")) {
    const [, pid, found] = /POSIX +ADVISORY +WRITE ([0-9]+) [0-9a-f]+:[0-9a-f]+:([0-9]+) /.exec(line) ?? [];
    if (found === String(inode) && pid !== "0") return Number(pid);
  }
  return undefined;
}
