import { constants } from "node:fs";
import { mkdir, open, type FileHandle } from "node:fs/promises";
import { createHash } from "node:crypto";
import { dirname } from "node:path";

/** What is on the disk, and proven by this digest: SHA-256 over the file's first `bytes` bytes, `sha256:` and 64 hexadecimal digits. */
export interface Prefix {
  readonly bytes: number;
  readonly digest: string;
}

/** A file that only grows. Written at places, so that what a failed write left behind is written over. */
export class RecordingFile {
  readonly #handle: FileHandle;
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #synced = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Makes a file that nobody else may read. @throws Error of the system, EEXIST among them: nobody goes on with a recording */
  static async create(path: string): Promise<RecordingFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return new RecordingFile(await open(path, flags, 0o600));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that no digest covers yet. */
  get unproven(): number {
    return this.#bytes - this.#synced;
  }

  /** @throws Error of the system; then nothing counts as written */
  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#bytes + at);
      at += bytesWritten;
    }
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Puts everything on the disk and says what it is. */
  async prove(): Promise<Prefix> {
    const prefix = { bytes: this.#bytes, digest: `sha256:${this.#hash.copy().digest("hex")}` };
    await this.#handle.datasync();
    this.#synced = prefix.bytes;
    return prefix;
  }

  /** Without what a failed write may have left behind. */
  async close(): Promise<void> {
    try {
      await this.#handle.truncate(this.#bytes);
    } finally {
      await this.#handle.close();
    }
  }
}
