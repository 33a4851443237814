import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Appender, type AppenderOptions } from "./append.ts";
import { diskFiles, DurableWriter, listIfThere, readIfThere, type Files } from "./files.ts";
import { generateKey, makeOrigin, sha256, type Signer } from "./key.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { FileLock, type LogLock } from "./lock.ts";
import type { TreeHead } from "./log-types.ts";
import { createTreeHasher } from "./merkle.ts";
import { formatVerifierKey } from "./note.ts";
import { damaged, headOf, openCheckpoint, signCheckpoint, writeFailure, type Head } from "./signed-head.ts";
import { loadSigner, openCommandSigner } from "./signer/load-signer.ts";
import { isStaged, settleRotation } from "./signer/rotation.ts";

export interface OpenLogOptions {
  /** The directory of the record; made with mode 0700, and a key in it, at the first use. */
  readonly directory: string;
  /** Milliseconds to wait for other processes that append. Default 10,000. */
  readonly lockTimeoutMs?: number;
  /** For tests: the file system and the lock. */
  readonly files?: Files;
  readonly lock?: LogLock;
}

export interface OpenLog {
  readonly appender: Appender;
  /** To be closed by whoever opened it. */
  readonly lock: LogLock;
  readonly head: TreeHead;
}

/** @throws AuditError AUDIT_KEY_UNUSABLE, AUDIT_SIGNER_FAILED, AUDIT_LOG_DAMAGED, AUDIT_WRITE_FAILED, AUDIT_LOCKED, AUDIT_LOCK_FAILED */
export async function openAppender(options: OpenLogOptions): Promise<OpenLog> {
  const files = options.files ?? diskFiles;
  const layout = layoutOf(options.directory);
  const lock = options.lock ?? new FileLock(layout.lock);
  const lockTimeoutMs = options.lockTimeoutMs ?? 10_000;
  try {
    await settleCutOffRotation({ files, layout, lock, lockTimeoutMs });
    const { signer, checkpoint, head } =
      (await openExisting(files, layout)) ?? (await create(files, layout, lock, lockTimeoutMs));
    const appender = new Appender({ files, layout, lock, signer, lockTimeoutMs }, { checkpoint, head });
    return { appender, lock, head: headOf(head) };
  } catch (error) {
    lock.close();
    throw writeFailure(error, layout.directory);
  }
}

interface Opened {
  readonly signer: Signer;
  readonly checkpoint: Uint8Array;
  readonly head: Head;
}

/** One that goes on holds the lock until it is done. */
async function settleCutOffRotation(options: Omit<AppenderOptions, "signer">): Promise<void> {
  const { files, layout, lock, lockTimeoutMs } = options;
  if (!isStaged(files, layout)) return;
  const held = await lock.acquire(lockTimeoutMs);
  try {
    const checkpoint = readIfThere(files, layout.checkpoint);
    if (checkpoint !== undefined) await settleRotation(files, layout, checkpoint);
  } finally {
    held.release();
  }
}

async function openExisting(files: Files, layout: Layout): Promise<Opened | undefined> {
  for (let isLast = false; ; isLast = true) {
    const signer = await loadSigner(files, layout);
    const checkpoint = readIfThere(files, layout.checkpoint);
    if (signer === undefined || checkpoint === undefined) return undefined;
    try {
      return { signer, checkpoint, head: await openCheckpoint(checkpoint, signer, layout) };
    } catch (error) {
      // The key may have been rotated between the two reads; it can't be twice.
      if (isLast) throw error;
    }
  }
}

/** First use: the key, then a signed checkpoint of the empty log, so that a log without a checkpoint is always a damaged one. */
async function create(files: Files, layout: Layout, lock: LogLock, lockTimeoutMs: number): Promise<Opened> {
  const made = mkdirSync(layout.directory, { recursive: true, mode: 0o700 });
  const writer = new DurableWriter(files, layout.directory);
  for (let path = layout.directory; made !== undefined && path.length >= made.length; path = dirname(path)) {
    await writer.syncDirectory(dirname(path));
  }
  const held = await lock.acquire(lockTimeoutMs);
  try {
    const existing = await openExisting(files, layout);
    if (existing !== undefined) return existing;
    if (listIfThere(files, layout.log).includes("tile")) throw damaged(layout, "its key or its checkpoint is missing");
    const signer = await firstSigner(files, writer, layout);
    const head = { size: 0, root: createTreeHasher(sha256).empty() };
    const checkpoint = await signCheckpoint([signer], head);
    await writer.replace(layout.checkpoint, checkpoint);
    return { signer, checkpoint, head };
  } finally {
    held.release();
  }
}

/** The key's private file comes last: when it is there, the verifier key that goes out to others is too. */
async function firstSigner(files: Files, writer: DurableWriter, layout: Layout): Promise<Signer> {
  const hasKey = readIfThere(files, layout.verifierKey) !== undefined;
  const existing = hasKey ? await loadSigner(files, layout) : undefined;
  if (existing !== undefined) return existing;
  const origin = makeOrigin();
  const config = readIfThere(files, layout.signer);
  const writeVerifier = async ({ verifier }: Signer): Promise<void> => {
    await writer.replace(layout.verifierKey, Buffer.from(`${formatVerifierKey(verifier)}\n`));
  };
  if (config !== undefined) {
    const signer = await openCommandSigner(config, layout.signer, origin);
    await writeVerifier(signer);
    return signer;
  }
  const key = generateKey(origin);
  await writeVerifier(key);
  await writer.replace(layout.key, Buffer.from(key.text));
  return key;
}
