import { AuditError } from "../errors.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import { createTreeHasher } from "../merkle.ts";
import { formatNote, isSignedBy, parseNote, parseVerifierKey, type Note, type NoteSignature } from "../note.ts";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { isIncluded, proveInclusion } from "../proof.ts";
import { readCheckpoint, readVerifierKey } from "../read.ts";
import { diskSource } from "../source-disk.ts";
import { MissingTile, storedTree, tileOf } from "../stored.ts";
import { decodeBundle, tilePath, TILE_WIDTH, type TileName } from "../tiles.ts";
import { findTile, type RecordSource } from "../verify/source.ts";
import { readCosignedHeads } from "../witness/cosigned-heads.ts";
import { encodeAttachment } from "./attachment.ts";
import { formatTlogProof } from "./tlog-proof.ts";

/**
 * A proof of one entry, in a file that can be checked without the log: with the entry itself, and of the checkpoints that
 * cover it the one that most witnesses have cosigned.
 * @param index 0-based
 * @throws AuditError AUDIT_NO_LOG, AUDIT_NO_SUCH_ENTRY, AUDIT_LOG_DAMAGED
 */
export async function proveEntry(directory: string, index: number): Promise<Uint8Array> {
  const newest = await readCheckpoint(directory);
  if (!(index >= 0 && index < newest.size)) {
    throw new AuditError(
      "AUDIT_NO_SUCH_ENTRY",
      `the record has no entry ${String(index)}; it has ${String(newest.size)}, the first is 0`,
    );
  }
  const source = diskSource(directory);
  const { note, checkpoint } = await bestCheckpoint(directory, source, index);
  const entry = await readEntry(source, newest.size, index);
  const hasher = createTreeHasher(sha256);
  // The newest size, because partial tiles of an older one may be gone; a wider tile begins with the same hashes.
  const tree = storedTree(hasher, newest.size, readOnce(source));
  try {
    const path = await proveInclusion(tree, index, checkpoint.size);
    const claim = { index, size: checkpoint.size, leaf: hasher.leaf(entry), root: checkpoint.root };
    if (!isIncluded(hasher, claim, path)) throw damaged(directory, index);
    const signed = Buffer.from(formatNote(note.text, note.signatures));
    return formatTlogProof({ index, path, checkpoint: signed, extra: encodeAttachment({ entry }) });
  } catch (error) {
    if (error instanceof MissingTile) throw damaged(directory, index, error);
    throw error;
  }
}

/** A proof takes several hashes from each of its few tiles. */
function readOnce(source: RecordSource): (name: TileName) => Promise<Uint8Array | undefined> {
  const tiles = new Map<string, Promise<Uint8Array | undefined>>();
  return (name) => {
    const path = tilePath(name);
    const known = tiles.get(path) ?? findTile(source, name).then((found) => found?.bytes);
    tiles.set(path, known);
    return known;
  };
}

interface SignedHead {
  readonly note: Note;
  readonly checkpoint: Checkpoint;
}

async function bestCheckpoint(directory: string, source: RecordSource, index: number): Promise<SignedHead> {
  const key = parseVerifierKey(await readVerifierKey(directory), sha256);
  const newest = parseHead(await source.read("log/checkpoint"));
  const byText = new Map<string, SignedHead>();
  for (const head of [newest, ...(await readCosignedHeads(source))]) {
    if (head === undefined || key === undefined || head.checkpoint.size <= index) continue;
    if (head.checkpoint.origin !== key.name || !(await isSignedBy(head.note, key, verifyEd25519))) continue;
    const same = byText.get(head.note.text);
    const signatures = withoutRepeats([...(same?.note.signatures ?? []), ...head.note.signatures]);
    byText.set(head.note.text, { note: { text: head.note.text, signatures }, checkpoint: head.checkpoint });
  }
  const [best] = [...byText.values()].sort(
    (a, b) => b.note.signatures.length - a.note.signatures.length || b.checkpoint.size - a.checkpoint.size,
  );
  if (best === undefined) throw damaged(directory, index);
  return best;
}

function parseHead(bytes: Uint8Array | undefined): SignedHead | undefined {
  const note = bytes && parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  return note && checkpoint && { note, checkpoint };
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

function damaged(directory: string, index: number, cause?: unknown): AuditError {
  return new AuditError(
    "AUDIT_LOG_DAMAGED",
    `entry ${String(index)} of the record in \`${directory}\` cannot be proven: it is not what was signed; run \`bailiwick audit verify\``,
    cause === undefined ? {} : { cause },
  );
}
