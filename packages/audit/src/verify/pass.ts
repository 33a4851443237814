/** One reading of the log, from its first bundle to its last. Browser-safe. */
import { decodeBase64 } from "../base64.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { createTreeHasher, equalBytes, type TreeHasher } from "../merkle.ts";
import { rootAt } from "../proof.ts";
import { MissingTile, tileOf } from "../stored.ts";
import { decodeBundle, TILE_WIDTH } from "../tiles.ts";
import type { Event } from "../events.ts";
import { BundleChecker, leavesOf } from "./bundles.ts";
import { BundleExaminer } from "./examine.ts";
import { factAt, runAt, type BundleFacts } from "./facts.ts";
import type { Rotation } from "./key-chain.ts";
import { completeEvent, openEntry, type OpenEntry } from "./parse-event.ts";
import { PrivateReader } from "../private-reader.ts";
import { PrivateChecker } from "./private-check.ts";
import type { Problems } from "./problems.ts";
import { findTile, type RecordSource } from "./source.ts";
import { StoryChecker } from "./story.ts";
import { TileTree } from "./tile-tree.ts";
import type { Primitives, VerifyOptions } from "./options.ts";

export interface PassParts {
  readonly source: RecordSource;
  readonly primitives: Primitives;
  readonly options: VerifyOptions;
  readonly problems: Problems;
  readonly checkpoint: Checkpoint;
}

/** An entry with what can be known of it without the rest. */
interface FoundEntry {
  readonly index: number;
  readonly open: OpenEntry | undefined;
  /** What is wrong with one that is not is known already; that it also makes no sense is no news. */
  readonly isGenuine: boolean;
}

export class Pass {
  readonly story: StoryChecker;
  readonly #parts: PassParts;
  readonly #hasher: TreeHasher;
  readonly #tiles: TileTree;
  readonly #bundles: BundleChecker;
  readonly #private: PrivateChecker;
  readonly #records: PrivateReader;
  #rotations: ReadonlySet<number> = new Set();
  /** Index of the first entry that is wanted, and of the first that is not. */
  #wanted = { from: 0, to: 0 };
  #entries = 0;
  /** Entries whose hash is that of a proven tile, from the first bundle on. */
  #proven = 0;

  constructor(parts: PassParts) {
    const { source, primitives, problems, checkpoint } = parts;
    this.#parts = parts;
    this.#hasher = createTreeHasher(primitives.sha256);
    this.#tiles = new TileTree(this.#hasher, source, checkpoint, problems);
    this.#bundles = new BundleChecker(problems);
    this.#private = new PrivateChecker(source, primitives, problems);
    this.#records = new PrivateReader(source);
    this.story = new StoryChecker(problems);
  }

  get entries(): number {
    return this.#entries;
  }

  get erased(): readonly string[] {
    return this.#private.erased;
  }

  /** Checks the right edge of the tree; first of all. */
  async open(): Promise<void> {
    await this.#tiles.open();
  }

  /** @param from index of the first entry that is wanted */
  async run({ rotations, from }: { readonly rotations: readonly Rotation[]; readonly from: number }): Promise<void> {
    const { checkpoint, options, problems } = this.#parts;
    const { run, publicOnly } = options;
    this.#rotations = new Set(rotations.map(({ index }) => index));
    this.#wanted = run === undefined ? { from, to: checkpoint.size } : { from: run.first, to: run.last + 1 };
    if (from > 0) this.story.beginLate();
    const end = Math.min(this.#wanted.to, checkpoint.size);
    const firstBundle = Math.floor(this.#wanted.from / TILE_WIDTH);
    await this.#checkBundles(firstBundle, end);
    this.#bundles.finish();
    const reached = Math.min(Math.ceil(end / TILE_WIDTH) * TILE_WIDTH, checkpoint.size);
    // INVARIANT(unproven-is-reported), checked: each entry either hashes to what the root commits to, or a problem says that it does not.
    if (problems.count === 0 && end > this.#wanted.from && this.#proven !== reached - firstBundle * TILE_WIDTH) {
      problems.add({ kind: "signature", detail: "the entries do not hash to the signed root" });
    }
    if (run?.erased !== undefined) await this.#acceptErasure(run.erased);
    if (publicOnly !== true) await this.#private.finish();
    await this.#checkClaims();
  }

  /** The entry at an index when the signed root commits to it; nothing is noted when it does not. */
  async provenEntry(index: number): Promise<Uint8Array | undefined> {
    const { source, checkpoint } = this.#parts;
    const bundle = Math.floor(index / TILE_WIDTH);
    const place = index % TILE_WIDTH;
    const name = tileOf(checkpoint.size, "entries", bundle);
    if (name === undefined || place >= name.width) return undefined;
    const found = await findTile(source, name);
    const entry = found && decodeBundle(found.bytes, place + 1)[place];
    const tile = await this.#tiles.tile(0, bundle);
    const leaf = tile?.proven === true ? tile.hashes[place] : undefined;
    return entry !== undefined && leaf !== undefined && equalBytes(this.#hasher.leaf(entry), leaf) ? entry : undefined;
  }

  /** Whether the log's first entries had this root; undefined when tiles are missing, which is noted then. */
  async isPrefix(size: number, root: Uint8Array): Promise<boolean | undefined> {
    if (size > this.#parts.checkpoint.size) return false;
    try {
      return equalBytes(await rootAt(this.#tiles.proven, size), root);
    } catch (error) {
      if (!(error instanceof MissingTile)) throw error;
      const { problems } = this.#parts;
      if (problems.count === 0) problems.add({ kind: "deletion", detail: "tiles of the log are missing or damaged" });
      return undefined;
    }
  }

  async #checkBundles(first: number, end: number): Promise<void> {
    const { source, primitives, options, problems, checkpoint } = this.#parts;
    // Of one run the entries of others are not read further than for their hashes.
    const examiner =
      options.run === undefined
        ? (options.openExaminer?.(checkpoint.size) ?? new BundleExaminer(source, primitives))
        : undefined;
    try {
      for (let index = first; index * TILE_WIDTH < end && !problems.isFull; index++) {
        if (index % 16 === 0) options.onProgress?.(index * TILE_WIDTH, end);
        const isWhole = index * TILE_WIDTH >= this.#wanted.from && (index + 1) * TILE_WIDTH <= end;
        const examined = isWhole ? await examiner?.examine(index) : undefined;
        if (examined !== undefined && (await this.#tiles.commitsTo(0, index, examined.root)))
          this.#acceptExamined(index, examined.facts);
        else if (!(await this.#checkBundle(index))) break;
      }
    } finally {
      await examiner?.close();
    }
  }

  /** A bundle in which nothing is wrong by itself. */
  #acceptExamined(bundle: number, facts: BundleFacts): void {
    const base = bundle * TILE_WIDTH;
    this.#proven += TILE_WIDTH;
    this.#entries += TILE_WIDTH;
    for (const place of facts.missing) this.#private.noteMissing(base + place, runAt(facts, place));
    for (let place = 0; place < TILE_WIDTH; place++) {
      const event = facts.whole.get(place);
      if (event !== undefined) this.#acceptGenuine(base + place, event);
      else this.story.accept(base + place, factAt(facts, place));
    }
  }

  /** @returns false when the log ends here although its checkpoint goes on */
  async #checkBundle(index: number): Promise<boolean> {
    const { source, checkpoint } = this.#parts;
    const name = tileOf(checkpoint.size, "entries", index);
    if (name === undefined) return false;
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
    if (tile?.proven === true) for (const fit of fits) if (fit) this.#proven += 1;
    if (entries.length < name.width) this.story.noteHole();
    await this.#acceptBundle(index, entries, fits);
    return true;
  }

  async #missingBundle(base: number): Promise<boolean> {
    const { source, checkpoint, problems } = this.#parts;
    const last = tileOf(checkpoint.size, "entries", Math.floor((checkpoint.size - 1) / TILE_WIDTH));
    this.story.noteHole();
    if (last !== undefined && last.index * TILE_WIDTH > base && (await findTile(source, last)) !== undefined) {
      problems.add({ kind: "deletion", index: base, detail: "a bundle of entries is missing" });
      return true;
    }
    problems.add({
      kind: "truncation",
      index: base,
      detail: `the log ends here; its checkpoint covers ${String(checkpoint.size)} entries`,
    });
    return false;
  }

  async #acceptBundle(bundle: number, entries: readonly Uint8Array[], fits: readonly boolean[]): Promise<void> {
    const base = bundle * TILE_WIDTH;
    const { from, to } = this.#wanted;
    const found: FoundEntry[] = [];
    for (let place = Math.max(0, from - base); place < entries.length && base + place < to; place++) {
      const open = openEntry(entries[place] ?? new Uint8Array(0));
      found.push({ index: base + place, open, isGenuine: fits[place] === true });
    }
    for (const entry of found) {
      const { open, index } = entry;
      if (open?.private === undefined || !this.#isWanted(open)) this.#accept(entry, undefined);
      // Awaiting what is there already would cost more than checking it.
      else this.#accept(entry, this.#records.loaded(open.run, index) ?? (await this.#records.find(open.run, index)));
    }
  }

  #isWanted({ run }: OpenEntry): boolean {
    return this.#parts.options.run === undefined || run === this.#parts.options.run.id;
  }

  #accept({ index, open, isGenuine }: FoundEntry, committed: Uint8Array | undefined): void {
    const { problems } = this.#parts;
    this.#entries += 1;
    if (!isGenuine) this.story.noteHole();
    if (open !== undefined && !this.#isWanted(open)) return;
    const genuine = open?.private !== undefined && isGenuine ? this.#private.check(index, open, committed) : undefined;
    const event = open && completeEvent(open, genuine);
    if (event === undefined) {
      if (isGenuine) problems.add({ kind: "schema", index, detail: "the entry is not an event of version 1" });
      return;
    }
    if (isGenuine) this.#acceptGenuine(index, event);
    else this.story.accept(index, event);
  }

  #acceptGenuine(index: number, event: Event): void {
    const { problems } = this.#parts;
    this.story.accept(index, event);
    this.#private.accept(index, event);
    if (event.type === "key.rotated" && !this.#rotations.has(index)) {
      problems.add({
        kind: "deletion",
        index,
        detail: "the checkpoint that both keys of this rotation signed is missing",
      });
    }
  }

  async #acceptErasure(index: number): Promise<void> {
    const entry = await this.provenEntry(index);
    const open = entry && openEntry(entry);
    const event = open && this.#isWanted(open) ? completeEvent(open, undefined) : undefined;
    if (event !== undefined) this.#private.accept(index, event);
  }

  /** Every run names the head it followed: it must be a prefix of the log before the run. */
  async #checkClaims(): Promise<void> {
    const { problems } = this.#parts;
    for (const { index, run, size, root } of this.story.claims) {
      const claimed = decodeBase64(root);
      if (size <= index && claimed !== undefined && (await this.isPrefix(size, claimed)) !== false) continue;
      const detail = `what the run followed (${String(size)} entries) is not the log before it`;
      problems.add({ kind: "gap", index, run, detail });
    }
  }
}
