import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { parseCheckpoint } from "../checkpoint.ts";
import { AuditError } from "../errors.ts";
import { diskFiles, DurableWriter } from "../files.ts";
import { generateKey, loadKeyFile, makeOrigin, sha256, verifyEd25519, type Signer } from "../key.ts";
import { createTreeHasher, equalBytes } from "../merkle.ts";
import { formatNote, isSignedBy, parseNote, type Note, type NoteSignature } from "../note.ts";
import { signCheckpoint } from "../signed-head.ts";
import { emptyTail, extendTail, readTail, supersededBy, type Tail } from "../tail.ts";
import { MAX_ENTRY_BYTES, partialTiles, tilePath } from "../tiles.ts";
import { openCosigner, type Cosigner } from "../witness/witness-key.ts";

/** What has to be written, in one transaction, for entries to be in the log. Paths are those of C2SP tlog-tiles. */
export interface KeptExtension {
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  /** Partial tiles that nobody who reads the new checkpoint needs. */
  readonly superseded: readonly string[];
  readonly checkpoint: Uint8Array;
  readonly size: number;
}

/** Gives the files that are there, by path. */
export type ReadKept = (paths: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>;

/**
 * A log of our own whose files somebody else keeps: a database, in one transaction with what the entries are about. Whoever keeps
 * them lets only one extension happen at a time, and gives the checkpoint that is there.
 */
export class KeptLog {
  readonly #signer: Signer;
  /** What was extended last. Whether it was kept, the next checkpoint says. */
  #last: { readonly checkpoint: Uint8Array; readonly tail: Tail } | undefined;

  constructor(signer: Signer) {
    this.#signer = signer;
  }

  /**
   * @param checkpoint of the log now; undefined of a log that has not begun
   * @throws AuditError AUDIT_LOG_DAMAGED when what is kept is not what was signed
   */
  async extend(
    checkpoint: Uint8Array | undefined,
    read: ReadKept,
    entries: readonly Uint8Array[],
  ): Promise<KeptExtension> {
    for (const { length } of entries)
      if (length > MAX_ENTRY_BYTES) throw new RangeError("an entry is too long for a log");
    const tail = await this.#tailOf(checkpoint, read);
    const extension = extendTail(tree, tail, entries);
    const { range } = extension.tail;
    const signed = await signCheckpoint([this.#signer], { size: range.size, root: range.root() });
    this.#last = { checkpoint: signed, tail: extension.tail };
    const { partial, filled } = supersededBy(tail.range.size, range.size);
    return {
      files: extension.files,
      superseded: [...partial, ...filled].map(tilePath),
      checkpoint: signed,
      size: range.size,
    };
  }

  async #tailOf(checkpoint: Uint8Array | undefined, read: ReadKept): Promise<Tail> {
    if (checkpoint === undefined) return emptyTail(tree);
    if (this.#last !== undefined && equalBytes(checkpoint, this.#last.checkpoint)) return this.#last.tail;
    const note = parseNote(checkpoint);
    const head = note && parseCheckpoint(note.text);
    if (note === undefined || head === undefined || !(await isSignedBy(note, this.#signer.verifier, verifyEd25519))) {
      throw damaged("its checkpoint is not signed by its key");
    }
    const files = await read(partialTiles(head.size).map(tilePath));
    const tail = head.size === 0 ? emptyTail(tree) : readTail(tree, head, (path) => files.get(path));
    if ("damaged" in tail) throw damaged(tail.damaged);
    return tail;
  }
}

const tree = createTreeHasher(sha256);

/** Who signs the log of somebody who holds copies of others' logs, and cosigns those. */
export interface HolderKeys {
  readonly signer: Signer;
  readonly cosigner: Cosigner;
}

/**
 * The two keys in a directory (0700), made at the first use: `log.key` and `witness.key`, each 0600.
 * @throws AuditError AUDIT_KEY_UNUSABLE; errors of the disk
 */
export async function openHolderKeys(directory: string): Promise<HolderKeys> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const writer = new DurableWriter(diskFiles, directory);
  const signer = await openSigner(join(directory, "log.key"), writer);
  return { signer, cosigner: await openCosigner(directory, writer, undefined) };
}

async function openSigner(path: string, writer: DurableWriter): Promise<Signer> {
  try {
    return loadKeyFile(diskFiles, path);
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
  const key = generateKey(makeOrigin());
  await writer.replace(path, Buffer.from(key.text));
  return key;
}

/** The line that says that this head was seen, to be added to the checkpoint. @param timeS seconds since 1970 */
export function cosignLine(cosigner: Cosigner, note: Note, timeS: number): string {
  const { name, id } = cosigner.verifier;
  const signature: NoteSignature = { name, id, signature: cosigner.cosign(note.text, timeS) };
  return formatNote("", [signature]).slice(1);
}

function damaged(why: string): AuditError {
  return new AuditError(
    "AUDIT_LOG_DAMAGED",
    `the server's own log is damaged: ${why}; restore the database from a backup`,
  );
}
