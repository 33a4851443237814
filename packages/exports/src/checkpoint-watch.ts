import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tilesDirectory } from "@bailiwick/audit";
import { isErrno } from "@bailiwick/base";

const LOOK_MS = 500;

/** Whether there may be more: the checkpoint is replaced with each batch. Looks twice a second, and follows any file system. */
export class CheckpointWatch {
  readonly #path: string;
  #seen: string;

  constructor(record: string) {
    this.#path = join(tilesDirectory(record), "checkpoint");
    this.#seen = "";
  }

  async next(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = await identityOf(this.#path);
      if (now !== this.#seen) {
        this.#seen = now;
        return;
      }
      await sleep(LOOK_MS, undefined, { signal });
    }
  }
}

async function identityOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${String(ino)}:${String(mtimeNs)}:${String(size)}`;
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
    return "none";
  }
}
