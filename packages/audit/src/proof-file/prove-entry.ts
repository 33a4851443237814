import { AuditError } from "../errors.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import { createTreeHasher } from "../merkle.ts";
import { formatNote, isSignedBy, type NoteSignature, type VerifierKey } from "../note.ts";
import { isIncluded, proveInclusion } from "../proof.ts";
import { readSignedHead, type SignedHead } from "../read.ts";
import { promptDiskSource } from "../source-disk.ts";
import { MissingTile, storedTree, tileOf } from "../stored.ts";
import { PrivateReader } from "../private-reader.ts";
import { decodeBundle, tilePath, TILE_WIDTH, type TileName } from "../tiles.ts";
import { openEntry } from "../verify/parse-event.ts";
import { findTile, type RecordSource } from "../verify/source.ts";
import { readCosignedHeads } from "../witness/cosigned-heads.ts";
import { encodeAttachment } from "./attachment.ts";
import { formatTlogProof } from "./tlog-proof.ts";

export interface ProveOptions {
  /** Leaves out the personal members of the event, of which the entry has a digest only. */
  readonly publicOnly?: boolean;
}

/** Proves one entry after another, as of when it was opened: what they have in common is read and checked once. */
export interface EntryProver {
  /**
   * A proof of one entry, in a file that can be checked without the log: with the entry itself, its personal members unless they
   * were erased, and of the checkpoints that cover it the one that most witnesses have cosigned.
   * @param index 0-based
   * @throws AuditError AUDIT_NO_SUCH_ENTRY, AUDIT_LOG_DAMAGED
   */
  prove(index: number, options?: ProveOptions): Promise<Uint8Array>;
}

/** @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED */
export async function openProver(directory: string): Promise<EntryProver> {
  const newest = await readSignedHead(directory);
  const { size } = newest.checkpoint;
  const source = promptDiskSource(directory);
  const heads = await signedHeads(newest, source);
  const records = new PrivateReader(source);
  const hasher = createTreeHasher(sha256);
  // The newest size, because partial tiles of an older one may be gone; a wider tile begins with the same hashes.
  const tree = storedTree(hasher, size, keepSome(source));
  return {
    async prove(index, { publicOnly = false } = {}) {
      if (!(index >= 0 && index < size)) throw noSuchEntry(index, size);
      const head = heads.find(({ checkpoint }) => checkpoint.size > index);
      if (head === undefined) throw damaged(directory, index);
      const { note, checkpoint } = head;
      const entry = await readEntry(source, size, index);
      const open = publicOnly ? undefined : openEntry(entry);
      const committed = open?.private === undefined ? undefined : await records.find(open.run, index);
      try {
        const path = await proveInclusion(tree, index, checkpoint.size);
        const claim = { index, size: checkpoint.size, leaf: hasher.leaf(entry), root: checkpoint.root };
        if (!isIncluded(hasher, claim, path)) throw damaged(directory, index);
        const signed = Buffer.from(formatNote(note.text, note.signatures));
        return formatTlogProof({ index, path, checkpoint: signed, extra: encodeAttachment({ entry, committed }) });
      } catch (error) {
        if (error instanceof MissingTile) throw damaged(directory, index, error);
        throw error;
      }
    },
  };
}

/** As {@link openProver}, for one entry. */
export async function proveEntry(directory: string, index: number, options?: ProveOptions): Promise<Uint8Array> {
  return await (await openProver(directory)).prove(index, options);
}

const KEPT_TILES = 256;

/** A proof takes several hashes from each of its few tiles, and neighbours take them from the same. */
function keepSome(source: RecordSource): (name: TileName) => Promise<Uint8Array | undefined> {
  const tiles = new Map<string, Promise<Uint8Array | undefined>>();
  return (name) => {
    const path = tilePath(name);
    const tile = tiles.get(path) ?? findTile(source, name).then((found) => found?.bytes);
    tiles.delete(path);
    tiles.set(path, tile);
    const [oldest] = tiles.keys();
    if (tiles.size > KEPT_TILES && oldest !== undefined) tiles.delete(oldest);
    return tile;
  };
}

/** The checkpoints that the log's key signed, those with most signatures first, of these the newest. */
async function signedHeads(
  newest: SignedHead & { readonly key: VerifierKey },
  source: RecordSource,
): Promise<SignedHead[]> {
  const { key } = newest;
  const byText = new Map<string, SignedHead>([[newest.note.text, newest]]);
  for (const head of await readCosignedHeads(source)) {
    const { text } = head.note;
    const same = byText.get(text);
    if (head.checkpoint.origin !== key.name) continue;
    if (same === undefined && !(await isSignedBy(head.note, key, verifyEd25519))) continue;
    const signatures = withoutRepeats([...(same?.note.signatures ?? []), ...head.note.signatures]);
    byText.set(text, { note: { text, signatures }, checkpoint: head.checkpoint });
  }
  return [...byText.values()].sort(
    (a, b) => b.note.signatures.length - a.note.signatures.length || b.checkpoint.size - a.checkpoint.size,
  );
}

/** Of two signatures by one key the first counts. */
function withoutRepeats(signatures: readonly NoteSignature[]): NoteSignature[] {
  const byKey = new Map<string, NoteSignature>();
  for (const line of signatures) {
    const key = `${line.name} ${line.id.join(".")}`;
    if (!byKey.has(key)) byKey.set(key, line);
  }
  return [...byKey.values()];
}

async function readEntry(source: RecordSource, size: number, index: number): Promise<Uint8Array> {
  const bundle = Math.floor(index / TILE_WIDTH);
  const name = tileOf(size, "entries", bundle);
  const found = name && (await findTile(source, name));
  const entry = found && decodeBundle(found.bytes, index - bundle * TILE_WIDTH + 1)[index - bundle * TILE_WIDTH];
  if (entry !== undefined) return entry;
  throw new AuditError(
    "AUDIT_LOG_DAMAGED",
    `entry ${String(index)} of the record is missing; run \`bailiwick audit verify\``,
  );
}

function noSuchEntry(index: number, size: number): AuditError {
  return new AuditError(
    "AUDIT_NO_SUCH_ENTRY",
    `the record has no entry ${String(index)}; it has ${String(size)}, the first is 0`,
  );
}

function damaged(directory: string, index: number, cause?: unknown): AuditError {
  return new AuditError(
    "AUDIT_LOG_DAMAGED",
    `entry ${String(index)} of the record in \`${directory}\` cannot be proven: it is not what was signed; run \`bailiwick audit verify\``,
    cause === undefined ? {} : { cause },
  );
}
