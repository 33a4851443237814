/**
 * Checks a record from outside: nothing of the writing side is used but the formats. Browser-safe: files, SHA-256 and
 * Ed25519 are arguments.
 */
import { encodeBase64, decodeBase64 } from "../base64.ts";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import type { Event } from "../events.ts";
import type { TreeHead } from "../log-types.ts";
import { CompactRange, createTreeHasher, equalBytes, type Sha256, type TreeHasher } from "../merkle.ts";
import { isSignedBy, parseNote, parseVerifierKey, type VerifyEd25519 } from "../note.ts";
import { rootAt } from "../proof.ts";
import { MissingTile, tileOf } from "../stored.ts";
import { decodeBundle, TILE_WIDTH } from "../tiles.ts";
import { BundleChecker, leavesOf } from "./bundles.ts";
import { parseEvent } from "./parse-event.ts";
import { Problems, type Problem } from "./problems.ts";
import { findTile, type RecordSource } from "./source.ts";
import { StoryChecker } from "./story.ts";
import { TileTree } from "./tile-tree.ts";

export interface VerifyOptions {
  /** Whose signature counts. It must come from a place that whoever could change the log could not change. */
  readonly verifierKey: string;
  /** Only this run, with the entries from `first` to `last`: each of them is then proven, the rest of the log is not read. */
  readonly run?: { readonly id: string; readonly first: number; readonly last: number };
  /** Heads of this log seen earlier. Without one, or a witness, an older state of the whole log put back shows nowhere. */
  readonly remembered?: readonly TreeHead[];
}

export interface Verification {
  readonly ok: boolean;
  readonly origin: string | undefined;
  readonly head: TreeHead | undefined;
  /** Entries that were there and were checked. */
  readonly entries: number;
  readonly runs: number;
  /** Runs without an end: not a problem by itself, the run may go on or its supervisor was killed. */
  readonly unended: readonly string[];
  /** At most 1,000. */
  readonly problems: readonly Problem[];
}

export interface Primitives {
  readonly sha256: Sha256;
  readonly verifyEd25519: VerifyEd25519;
}

/** Never throws for what is in the record: whatever it finds is a problem with a name. Errors of the source itself pass through. */
export async function verifyRecord(
  source: RecordSource,
  primitives: Primitives,
  options: VerifyOptions,
): Promise<Verification> {
  const problems = new Problems();
  const checkpoint = await openCheckpoint(source, primitives, options.verifierKey, problems);
  if (checkpoint === undefined) {
    return { ok: false, origin: undefined, head: undefined, entries: 0, runs: 0, unended: [], problems: problems.list };
  }
  const pass = new Pass({ source, primitives, options, problems, checkpoint });
  const entries = await pass.run();
  const { size, root } = checkpoint;
  return {
    ok: problems.count === 0,
    origin: checkpoint.origin,
    head: { size, root: encodeBase64(root) },
    entries,
    runs: pass.story.runs,
    unended: pass.story.unended,
    problems: problems.list,
  };
}

async function openCheckpoint(
  source: RecordSource,
  { sha256, verifyEd25519 }: Primitives,
  verifierKey: string,
  problems: Problems,
): Promise<Checkpoint | undefined> {
  const bytes = await source.read("log/checkpoint");
  const note = bytes && parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) {
    problems.add({ kind: "signature", detail: bytes ? "the checkpoint is malformed" : "the checkpoint is missing" });
    return undefined;
  }
  const key = parseVerifierKey(verifierKey, sha256);
  if (key === undefined) problems.add({ kind: "signature", detail: "the verifier key is malformed" });
  else if (checkpoint.origin !== key.name)
    problems.add({ kind: "signature", detail: "the checkpoint is of another log" });
  else if (!(await isSignedBy(note, key, verifyEd25519))) {
    problems.add({ kind: "signature", detail: "the checkpoint is not signed by the log's key" });
  }
  return checkpoint;
}

interface Parts {
  readonly source: RecordSource;
  readonly primitives: Primitives;
  readonly options: VerifyOptions;
  readonly problems: Problems;
  readonly checkpoint: Checkpoint;
}

/** One reading of the log, from its first bundle to its last. */
class Pass {
  readonly story: StoryChecker;
  readonly #parts: Parts;
  readonly #hasher: TreeHasher;
  readonly #tiles: TileTree;
  readonly #bundles: BundleChecker;
  readonly #blobs = new Map<string, number>();
  #entries = 0;

  constructor(parts: Parts) {
    const { source, primitives, problems, checkpoint } = parts;
    this.#parts = parts;
    this.#hasher = createTreeHasher(primitives.sha256);
    this.#tiles = new TileTree(this.#hasher, source, checkpoint, problems);
    this.#bundles = new BundleChecker(problems);
    this.story = new StoryChecker(problems);
  }

  async run(): Promise<number> {
    const { checkpoint, options, problems } = this.#parts;
    await this.#tiles.open();
    const first = Math.floor((options.run?.first ?? 0) / TILE_WIDTH);
    const end = options.run === undefined ? checkpoint.size : Math.min(options.run.last + 1, checkpoint.size);
    const whole = new CompactRange(this.#hasher);
    let isWhole = options.run === undefined;
    for (let index = first; index * TILE_WIDTH < end && !problems.isFull; index++) {
      const leaves = await this.#checkBundle(index);
      if (leaves === undefined) break;
      isWhole &&= leaves.length === (tileOf(checkpoint.size, "entries", index)?.width ?? 0);
      if (isWhole) for (const leaf of leaves) whole.append(leaf);
    }
    this.#bundles.finish();
    // The tiles only help to find out what is wrong; this alone decides whether something is.
    if (isWhole && problems.count === 0 && !equalBytes(whole.root(), checkpoint.root)) {
      problems.add({ kind: "signature", detail: "the entries do not hash to the signed root" });
    }
    await this.#checkBlobs();
    await this.#checkHeads();
    return this.#entries;
  }

  /** @returns the leaves that are there; undefined when the log ends here although its checkpoint goes on */
  async #checkBundle(index: number): Promise<readonly Uint8Array[] | undefined> {
    const { source, checkpoint } = this.#parts;
    const name = tileOf(checkpoint.size, "entries", index);
    if (name === undefined) return undefined;
    const base = index * TILE_WIDTH;
    const found = await findTile(source, name);
    if (found === undefined) return await this.#missingBundle(base);
    const entries = decodeBundle(found.bytes, name.width);
    const used = entries.reduce((sum, entry) => sum + 2 + entry.length, 0);
    // A wider bundle than this checkpoint's goes on with entries that are none of its business.
    const restBytes = found.width > name.width && entries.length === name.width ? 0 : found.bytes.length - used;
    const leaves = leavesOf(this.#hasher, entries);
    const tile = await this.#tiles.tile(0, index);
    const isLast = base + name.width === checkpoint.size;
    const fits = this.#bundles.check({ base, width: name.width, isLast, leaves, restBytes, expected: tile?.hashes });
    if (entries.length < name.width) this.story.noteHole();
    for (const [offset, entry] of entries.entries()) this.#acceptEntry(base + offset, entry, fits[offset] === true);
    return leaves;
  }

  async #missingBundle(base: number): Promise<[] | undefined> {
    const { source, checkpoint, problems } = this.#parts;
    const last = tileOf(checkpoint.size, "entries", Math.floor((checkpoint.size - 1) / TILE_WIDTH));
    this.story.noteHole();
    if (last !== undefined && last.index * TILE_WIDTH > base && (await findTile(source, last)) !== undefined) {
      problems.add({ kind: "deletion", index: base, detail: "a bundle of entries is missing" });
      return [];
    }
    problems.add({
      kind: "truncation",
      index: base,
      detail: `the log ends here; its checkpoint covers ${String(checkpoint.size)} entries`,
    });
    return undefined;
  }

  /** @param isGenuine what is wrong with an entry that is not is known already; that it also makes no sense is no news */
  #acceptEntry(index: number, entry: Uint8Array, isGenuine: boolean): void {
    const { options, problems } = this.#parts;
    if (options.run !== undefined && (index < options.run.first || index > options.run.last)) return;
    this.#entries += 1;
    if (!isGenuine) this.story.noteHole();
    const event = parseEvent(entry);
    if (event === undefined) {
      if (isGenuine) problems.add({ kind: "schema", index, detail: "the entry is not an event of version 1" });
      return;
    }
    if (options.run !== undefined && event.run !== options.run.id) return;
    this.story.accept(index, event);
    for (const digest of blobsOf(event)) this.#blobs.set(digest, index);
  }

  async #checkBlobs(): Promise<void> {
    const { source, problems, primitives } = this.#parts;
    for (const [digest, index] of this.#blobs) {
      const hex = digest.slice("sha256:".length);
      const bytes = await source.read(`blobs/sha256/${hex.slice(0, 2)}/${hex}`);
      if (bytes === undefined) problems.add({ kind: "deletion", index, detail: `the kept file ${digest} is missing` });
      else if (toHex(primitives.sha256(bytes)) !== hex) {
        problems.add({ kind: "edit", index, detail: `the kept file ${digest} has other content` });
      }
    }
  }

  /** Every run names the head it followed, and readers remember others: each must be a prefix of the log. */
  async #checkHeads(): Promise<void> {
    const { checkpoint, options, problems } = this.#parts;
    for (const { size, root } of options.remembered ?? []) {
      if (size > checkpoint.size) {
        problems.add({
          kind: "truncation",
          index: checkpoint.size,
          detail: `the log once had ${String(size)} entries: an older state was put back`,
        });
      } else if ((await this.#isPrefix(size, root)) === false) {
        problems.add({ kind: "edit", detail: `the first ${String(size)} entries are not those that were seen before` });
      }
    }
    for (const { index, run, size, root } of this.story.claims) {
      if (size > index || (await this.#isPrefix(size, root)) === false) {
        problems.add({
          kind: "gap",
          index,
          run,
          detail: `what the run followed (${String(size)} entries) is not the log before it`,
        });
      }
    }
  }

  /** Undefined when tiles are missing, which is reported already. */
  async #isPrefix(size: number, root: string): Promise<boolean | undefined> {
    const claimed = decodeBase64(root);
    try {
      return claimed !== undefined && equalBytes(await rootAt(this.#tiles.proven, size), claimed);
    } catch (error) {
      if (!(error instanceof MissingTile)) throw error;
      const { problems } = this.#parts;
      if (problems.count === 0) problems.add({ kind: "deletion", detail: "tiles of the log are missing or damaged" });
      return undefined;
    }
  }
}

function blobsOf(event: Event): string[] {
  const digests = [
    event.whole,
    "argv" in event ? event.argv.whole : undefined,
    "command" in event ? event.command.whole : undefined,
  ];
  return digests.filter((digest) => digest !== undefined);
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
