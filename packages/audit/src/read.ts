import { isErrno } from "@bailiwick/base";
import { readFile } from "node:fs/promises";
import { encodeBase64 } from "./base64.ts";
import { parseCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { AuditError } from "./errors.ts";
import { sha256, verifyEd25519 } from "./key.ts";
import { layoutOf } from "./layout.ts";
import { isSignedBy, parseNote, parseVerifierKey, type Note, type VerifierKey } from "./note.ts";
import { diskSource } from "./source-disk.ts";
import { tileOf } from "./stored.ts";
import { decodeBundle, TILE_WIDTH } from "./tiles.ts";
import { findTile, type RecordSource } from "./verify/source.ts";

/** The verifier key of the log, one line: what others need to check its checkpoints. @throws AuditError AUDIT_NO_LOG */
export async function readVerifierKey(directory: string): Promise<string> {
  try {
    return (await readFile(layoutOf(directory).verifierKey, "latin1")).trimEnd();
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR")) throw error;
    throw new AuditError(
      "AUDIT_NO_LOG",
      `there is no record in \`${directory}\` yet; a first \`bailiwick run\` makes it`,
    );
  }
}

/** The directory that has the public form of C2SP tlog-tiles. */
export function tilesDirectory(directory: string): string {
  return layoutOf(directory).log;
}

/** A checkpoint that the log's key signed. */
export interface SignedHead {
  readonly note: Note;
  readonly checkpoint: Checkpoint;
}

/** The last checkpoint, its signature checked. @throws AuditError AUDIT_NO_LOG, AUDIT_LOG_DAMAGED */
export async function readCheckpoint(directory: string): Promise<Checkpoint> {
  return (await readSignedHead(directory)).checkpoint;
}

/** As {@link readCheckpoint}, with its signatures and the key that signed it. */
export async function readSignedHead(directory: string): Promise<SignedHead & { readonly key: VerifierKey }> {
  // The key may be rotated between the two reads; it can't be twice.
  const head = (await tryHead(directory)) ?? (await tryHead(directory));
  if (head !== undefined) return head;
  throw new AuditError(
    "AUDIT_LOG_DAMAGED",
    `the checkpoint of the record in \`${directory}\` is not signed by its key; run \`bailiwick audit verify\``,
  );
}

async function tryHead(directory: string): Promise<(SignedHead & { readonly key: VerifierKey }) | undefined> {
  const key = parseVerifierKey(await readVerifierKey(directory), sha256);
  const bytes = await diskSource(directory).read("log/checkpoint");
  const note = bytes && parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (key === undefined || note === undefined || checkpoint?.origin !== key.name) return undefined;
  return (await isSignedBy(note, key, verifyEd25519)) ? { note, checkpoint, key } : undefined;
}

export function rootOf(checkpoint: Checkpoint): string {
  return encodeBase64(checkpoint.root);
}

/** Entries of one bundle; `first` is the index of the first. */
export interface Bundle {
  readonly first: number;
  readonly entries: readonly Uint8Array[];
}

/**
 * Entries `from` to `to` of a log that has at least `to`, bundle by bundle. They are read, not proven.
 * @throws AuditError AUDIT_MALFORMED when some are missing
 */
export async function* readBundles(source: RecordSource, from: number, to: number): AsyncGenerator<Bundle> {
  for (let first = from; first < to;) {
    const index = Math.floor(first / TILE_WIDTH);
    const name = tileOf(to, "entries", index);
    const found = name && (await findTile(source, name));
    const entries = name && found ? decodeBundle(found.bytes, name.width) : [];
    if (name === undefined || entries.length < name.width) {
      throw new AuditError(
        "AUDIT_MALFORMED",
        `entries of the record are missing from ${String(index * TILE_WIDTH + entries.length)} on; run \`bailiwick audit verify\``,
      );
    }
    yield { first, entries: entries.slice(first - index * TILE_WIDTH) };
    first = index * TILE_WIDTH + name.width;
  }
}

export interface EntryHead {
  readonly run: string;
  readonly type: string;
}

const HEAD = /^\{"v":1,"run":"([0-9a-z]{26})","type":"([a-z.]{1,32})"/;
const HEAD_BYTES = 100;

/** Whose event an entry is, without parsing all of it: the writer puts these members first. Undefined for what is no event. */
export function readEntryHead(entry: Uint8Array): EntryHead | undefined {
  const start = Buffer.from(entry.buffer, entry.byteOffset, Math.min(entry.length, HEAD_BYTES)).toString("latin1");
  const [, run, type] = HEAD.exec(start) ?? [];
  if (run !== undefined && type !== undefined) return { run, type };
  return parseEntryHead(entry);
}

function parseEntryHead(entry: Uint8Array): EntryHead | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(entry).toString("utf8"));
    if (typeof json !== "object" || json === null || !("run" in json) || !("type" in json)) return undefined;
    return typeof json.run === "string" && typeof json.type === "string"
      ? { run: json.run, type: json.type }
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
