/**
 * The short way through a bundle: one in which nothing is wrong is read, hashed and checked in one go, by itself, so that several can be at once.
 * Whatever is unusual makes it give up: the long way (pass.ts) finds out what is wrong and names it. Browser-safe.
 */
import { eventSchema } from "../events.ts";
import { isDigestOf } from "../hex.ts";
import { decodeText, parseJson, parseText } from "../json.ts";
import { createTreeHasher, equalBytes, hashPerfect, type TreeHasher } from "../merkle.ts";
import { fillErased, isMembers, joinEvent } from "../personal.ts";
import { PrivateReader } from "../private-reader.ts";
import { membersOf, RECORDS_WIDTH } from "../private-records.ts";
import { decodeBundle, decodeTile, tilePath, TILE_WIDTH, type TileKind } from "../tiles.ts";
import { FactsWriter, type BundleFacts, type ExaminedBundle, type Examiner } from "./facts.ts";
import type { Primitives } from "./options.ts";
import { isDigest, isEventType, isRun } from "./parse-event.ts";
import type { RecordSource } from "./source.ts";
import { TextForms } from "./text-form.ts";
import { readUsualEvent } from "./usual-event.ts";

/** One entry, read and not yet looked at. */
interface ReadEntry {
  readonly text: string;
  readonly run: string;
  /** Salt and personal members, if they are there. */
  readonly committed: Uint8Array | undefined;
}

export interface ExaminerPrimitives extends Pick<Primitives, "sha256"> {
  /** Whether `sha256:…` is the digest of bytes, where that can be had for less than by comparing the hash. */
  readonly hasDigest?: (bytes: Uint8Array, digest: string) => boolean;
}

export class BundleExaminer implements Examiner {
  readonly #source: RecordSource;
  readonly #hasDigest: NonNullable<ExaminerPrimitives["hasDigest"]>;
  readonly #hasher: TreeHasher;
  readonly #records: PrivateReader;
  readonly #forms = new TextForms();

  constructor(source: RecordSource, { sha256, hasDigest }: ExaminerPrimitives) {
    this.#source = source;
    this.#hasDigest = hasDigest ?? ((bytes, digest) => isDigestOf(sha256(bytes), digest));
    this.#hasher = createTreeHasher(sha256);
    this.#records = new PrivateReader(source);
  }

  async examine(bundle: number): Promise<ExaminedBundle | undefined> {
    const [bytes, tile] = await Promise.all([this.#read("entries", bundle), this.#read(0, bundle)]);
    const hashes = tile && decodeTile(tile, TILE_WIDTH);
    const entries = bytes && decodeBundle(bytes, TILE_WIDTH);
    if (hashes === undefined || entries?.length !== TILE_WIDTH) return undefined;
    if (entries.reduce((sum, entry) => sum + 2 + entry.length, 0) !== bytes?.length) return undefined;
    for (const [place, entry] of entries.entries()) {
      const leaf = hashes[place];
      if (leaf === undefined || !equalBytes(this.#hasher.leaf(entry), leaf)) return undefined;
    }
    const facts = await this.#factsOf(bundle * TILE_WIDTH, entries);
    // A copy: what a digest lies in may be shared, and would go to another thread with it.
    return facts && { root: Uint8Array.from(hashPerfect(this.#hasher, hashes)), facts };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #read(kind: TileKind, index: number): Promise<Uint8Array | undefined> {
    return this.#source.read(`log/${tilePath({ kind, index, width: TILE_WIDTH })}`);
  }

  async #factsOf(first: number, entries: readonly Uint8Array[]): Promise<BundleFacts | undefined> {
    const facts = new FactsWriter();
    let run = "";
    let records: ReadonlyMap<number, Uint8Array> = new Map();
    for (const [place, entry] of entries.entries()) {
      const text = decodeText(entry);
      if (text?.startsWith(HEAD) !== true) return undefined;
      // Most entries are of the run of the one before.
      if (run === "" || !text.startsWith(run, HEAD.length)) {
        run = text.slice(HEAD.length, HEAD.length + RUN_LENGTH);
        if (!isRun(run)) return undefined;
        records = await this.#records.file(run, first);
      }
      const read = { text, run, committed: records.get((first + place) % RECORDS_WIDTH) };
      if (!this.#noteUsual(facts, read) && !this.#noteParsed(facts, read)) return undefined;
    }
    return facts.finish();
  }

  /** By the form of its texts alone. @returns false where they say nothing */
  #noteUsual(facts: FactsWriter, { text, run, committed }: ReadEntry): boolean {
    const usual = readUsualEvent(this.#forms, { text, committed }, this.#hasDigest);
    if (usual === undefined) return false;
    const { form, found, digest } = usual;
    const { groups } = form;
    const id = groups.id === 0 ? 0 : Number(found[groups.id]);
    const call = groups.call === 0 ? 0 : Number(found[groups.call] ?? 0);
    facts.noteBrief({ type: form.type, run, id, call }, digest !== undefined && committed === undefined);
    return true;
  }

  /** @returns false where entry and personal members are not an event, or do not belong together */
  #noteParsed(facts: FactsWriter, { text, run, committed }: ReadEntry): boolean {
    const json = parseText(text);
    if (!isMembers(json) || json["run"] !== run) return false;
    const { private: digest, ...members } = json;
    const isMissing = digest !== undefined && committed === undefined;
    let whole: unknown = members;
    if (isMissing) {
      const { type } = members;
      if (!isDigest(digest) || typeof type !== "string" || !isEventType(type)) return false;
      whole = fillErased(members, type);
    } else if (committed !== undefined && digest !== undefined) {
      const personal = parseJson(membersOf(committed));
      if (typeof digest !== "string" || !this.#hasDigest(committed, digest)) return false;
      if (!isMembers(personal)) return false;
      whole = joinEvent(members, personal);
    }
    const event = eventSchema.safeParse(whole).data;
    if (event !== undefined) facts.note(event, isMissing);
    return event !== undefined;
  }
}

/** An entry as the writer writes them: its run is its first member but one. */
const HEAD = '{"v":1,"run":"';
const RUN_LENGTH = 26;
