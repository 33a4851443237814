import { createHash, hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, read, readSync, statfsSync } from "node:fs";
import type { ExecFile, FileIdentity } from "@bailiwick/sandbox";
import { RunError } from "./errors.ts";
import { systemCodeOf } from "./system-error.ts";

/** A file's digest, and whether its identity vouches for it from now on. */
export interface FileDigest {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  /** False where the bytes can change without a trace in the identity: such a file is hashed again at each exec. */
  readonly stable: boolean;
}

/** Digests that are kept; enough for every program of a large build. A full cache takes no more: the rest is hashed each time. */
const CAPACITY = 8192;
/** Below this a digest is made at once: cheaper than two trips through the thread pool. */
const AT_ONCE_BYTES = 256n * 1024n;
/** Smaller files are hashed faster than they are looked up in a file. */
export const WORTH_KEEPING_BYTES = 64n * 1024n;
const CHUNK_BYTES = 1 << 20;
/** A file that changed this shortly before may change again within the same tick of the kernel's clock, unseen in its ctime. */
const SETTLED_NS = 100_000_000n;

/**
 * File systems whose ctime moves with every change of the bytes by whoever opens the file after it was vouched for. Not among them, on purpose: tmpfs, where a shared mapping
 * that was read first is written without any change of ctime, so that one identity could stand for two contents; and
 * FUSE and network file systems, whose times are what somebody else says.
 */
const TRUTHFUL = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0xca451a4e, // bcachefs
  0x794c7630, // overlayfs
  0x73717368, // SquashFS
  0xe0f5e1e2, // EROFS
]);

export class Digests {
  readonly #known: Map<string, string>;
  readonly #pending = new Map<string, Promise<FileDigest>>();
  #additions = 0;

  /** @param known digests of an earlier run, by identity */
  constructor(known: Iterable<readonly [string, string]> = []) {
    this.#known = new Map(known);
  }

  /** True when there is something worth keeping that an earlier cache did not hold. */
  get changed(): boolean {
    return this.#additions > 0;
  }

  entries(): IterableIterator<[string, string]> {
    return this.#known.entries();
  }

  /** The digest by identity alone, for a file that can no longer be opened. */
  known(identity: FileIdentity): string | undefined {
    return this.#known.get(identityKey(identity));
  }

  /**
   * The SHA-256 of the very file that is about to be executed. Equal files that start at the same time are read once.
   * @throws RunError RUN_DIGEST_FAILED
   */
  digestOf(file: Executed): FileDigest | Promise<FileDigest> {
    const key = identityKey(file.identity);
    const known = this.#known.get(key);
    if (known !== undefined) return { digest: known, stable: true };
    if (file.identity.size <= AT_ONCE_BYTES) return this.#keep(file, key, startNow(file, hashAtOnce));
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending;
    const work = this.#hashLarge(file, key).finally(() => this.#pending.delete(key));
    this.#pending.set(key, work);
    return work;
  }

  async #hashLarge(file: Executed, key: string): Promise<FileDigest> {
    const descriptor = startNow(file, openFile);
    try {
      return this.#keep(file, key, await hashInChunks(descriptor, file));
    } finally {
      closeSync(descriptor);
    }
  }

  #keep(file: Executed, key: string, { digest, type, readAtNs }: Hashed): FileDigest {
    const settled = readAtNs - file.identity.ctimeNs > SETTLED_NS;
    const stable = file.vouched && settled && this.#known.size < CAPACITY && TRUTHFUL.has(type);
    if (stable) {
      this.#known.set(key, digest);
      if (file.identity.size >= WORTH_KEEPING_BYTES) this.#additions++;
    }
    return { digest, stable };
  }
}

type Executed = Pick<ExecFile, "identity" | "vouched" | "openAt" | "path">;

interface Hashed {
  readonly digest: string;
  /** The file system's, as statfs(2) has it. */
  readonly type: number;
  readonly readAtNs: bigint;
}

export function identityKey({ device, inode, size, mtimeNs, ctimeNs }: FileIdentity): string {
  return `${String(device)}:${String(inode)}:${String(size)}:${String(mtimeNs)}:${String(ctimeNs)}`;
}

/** Runs one step on a file, with the file's name in the failure. */
function startNow<T>(file: Executed, step: (file: Executed) => T): T {
  try {
    return step(file);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === undefined) throw error;
    throw new RunError("RUN_DIGEST_FAILED", `cannot read \`${file.path}\` for its digest: ${code}`, {
      cause: error,
    });
  }
}

/** Not blocking: what was a file a moment ago may be a pipe now. */
function openFile({ openAt }: Executed): number {
  return openSync(openAt, constants.O_RDONLY | constants.O_NONBLOCK);
}

function hashAtOnce(file: Executed): Hashed {
  const readAtNs = now();
  const descriptor = openFile(file);
  try {
    const bytes = Buffer.allocUnsafe(Number(file.identity.size) + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    checkUnchanged(descriptor, file);
    const digest = `sha256:${hash("sha256", bytes.subarray(0, length), "hex")}`;
    return { digest, type: statfsSync(file.openAt).type, readAtNs };
  } finally {
    closeSync(descriptor);
  }
}

/** In pieces, so that the supervisor goes on answering while a program of 100 MB is read. */
async function hashInChunks(descriptor: number, file: Executed): Promise<Hashed> {
  const readAtNs = now();
  const whole = createHash("sha256");
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (;;) {
    const bytesRead = await readChunk(descriptor, chunk);
    if (bytesRead === 0) break;
    whole.update(chunk.subarray(0, bytesRead));
  }
  checkUnchanged(descriptor, file);
  return { digest: `sha256:${whole.digest("hex")}`, type: statfsSync(file.openAt).type, readAtNs };
}

async function readChunk(descriptor: number, chunk: Buffer): Promise<number> {
  return await new Promise((resolve, reject) => {
    read(descriptor, chunk, 0, chunk.length, null, (error, length) => {
      if (error) reject(error);
      else resolve(length);
    });
  });
}

/** A digest of bytes that were being changed says nothing about what the kernel will load. */
function checkUnchanged(descriptor: number, file: Executed): void {
  const { ino, size, mtimeNs, ctimeNs } = fstatSync(descriptor, { bigint: true });
  const { identity } = file;
  const same = ino === identity.inode && size === identity.size;
  if (same && mtimeNs === identity.mtimeNs && ctimeNs === identity.ctimeNs) return;
  throw new RunError("RUN_DIGEST_FAILED", `\`${file.path}\` was changed while it was being started`, {
    remedy: "start it again when it is written",
  });
}

function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
