/** The record of one host as the server holds it, read for an archive of evidence: each entry is checked against what the host signed. */
import { AuditError, LOG_ITSELF, type LoggedEvent, type RunSummary, type Verification } from "@bailiwick/audit";
import type { EvidenceLog, EvidenceRun } from "@bailiwick/evidence";
import { hostTiles } from "../proofs/host-tiles.ts";
import { readPieces } from "../recordings/pieces.ts";
import type { Server } from "../routes/handler.ts";
import type { HostRow } from "../store/tables.ts";
import type { TileName } from "../arrivals/batch.ts";
import type { Chosen, ChosenRun } from "./choose.ts";

type Parts = Pick<Server, "db" | "holding">;
type Host = Pick<HostRow, "number" | "id" | "log_key"> & { readonly checkpoint: Uint8Array };

const PAGE = 500;
/** Of 8 KiB each. */
const MOST_TILES = 512;

interface Row {
  readonly seq: number;
  readonly index: number;
  readonly entry: Uint8Array;
  readonly record: Uint8Array | null;
}

export class HostLog implements EvidenceLog {
  readonly host: string;
  readonly key: string;
  readonly checkpoint: Uint8Array;
  readonly runs: readonly EvidenceRun[];
  readonly #parts: Parts;
  readonly #host: Host;
  readonly #period: Chosen["period"];
  readonly #size: number;
  readonly #read: (name: TileName) => Promise<Uint8Array | undefined>;
  /** Hashes of the tile that was looked at last; undefined: it is not what was signed. */
  #tile: { readonly index: number; readonly hashes: readonly Uint8Array[] | undefined } | undefined;
  readonly #problems: Verification["problems"][number][] = [];
  readonly #unended: string[] = [];
  readonly #erased: string[] = [];
  #entries = 0;
  #rotations = 0;

  constructor(parts: Parts, host: Host, { runs, period }: Pick<Chosen, "runs" | "period">) {
    this.#parts = parts;
    this.#host = host;
    this.#period = period;
    this.host = host.id;
    this.key = host.log_key;
    this.checkpoint = host.checkpoint;
    this.#size = parts.holding.sizeOfCheckpoint(host.checkpoint);
    this.#read = kept(hostTiles({ ...parts, onUnkept: () => undefined }, host.number));
    this.runs = runs.map((run) => this.#runToRead(run));
  }

  /** That its key signed the head that everything is proven by. */
  async checkHead(): Promise<void> {
    const { holding } = this.#parts;
    const key = holding.parseVerifierKey(this.key, holding.sha256);
    const signed = key && (await holding.checkAhead(this.checkpoint, key));
    if (signed === undefined)
      this.#note({ kind: "signature", detail: "the checkpoint is not signed by the host’s key" });
  }

  async *readRotations(): AsyncGenerator<LoggedEvent> {
    for await (const row of this.#rows(LOG_ITSELF)) {
      const logged = await this.#open(row);
      if (logged?.event.type !== "key.rotated") continue;
      this.#rotations += 1;
      if (logged.event.at >= this.#period.from && logged.event.at <= this.#period.to) yield logged;
    }
  }

  async prove(index: number): Promise<Uint8Array | undefined> {
    const { db, holding } = this.#parts;
    const row = await db
      .selectFrom("event")
      .select(["entry", "record"])
      .where("host", "=", this.#host.number)
      .where("index", "=", index)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { entry, record } = row;
    // With what the entry does not commit to it would be no proof.
    const committed = record === null || holding.openHeldEvent(entry, record) === "record" ? undefined : record;
    return await this.#orUndefined(holding.proveKept(this.#kept, { index, entry, committed }));
  }

  verification(): Verification {
    const { holding } = this.#parts;
    const note = holding.parseNote(this.checkpoint);
    const head = note && holding.parseCheckpoint(note.text);
    return {
      ok: this.#problems.length === 0,
      origin: head?.origin,
      head: head && { size: head.size, root: Buffer.from(head.root).toString("base64") },
      entries: this.#entries,
      runs: this.runs.length,
      unended: this.#unended,
      erased: this.#erased,
      rotations: this.#rotations,
      problems: this.#problems,
    };
  }

  get #kept() {
    return { checkpoint: this.checkpoint, read: this.#read };
  }

  #runToRead({ id, erased, recording }: ChosenRun): EvidenceRun {
    const { holding, db } = this.#parts;
    let summary: RunSummary = holding.emptySummary(id, 0);
    const read = async function* (this: HostLog): AsyncGenerator<LoggedEvent> {
      let begun = false;
      for await (const row of this.#rows(id)) {
        const logged = await this.#open(row);
        if (logged === undefined) continue;
        const { event, index } = logged;
        if (!begun) summary = holding.emptySummary(id, index);
        begun = true;
        if (event.type !== "run.erased") holding.countEntry(summary, event.type, index);
        holding.summarize(summary, event, index);
        if (logged.erased && !erased) {
          this.#note({ kind: "deletion", index, run: id, detail: "personal members are missing that nobody erased" });
        }
        yield logged;
      }
      if (summary.ended === undefined) this.#unended.push(id);
      if (summary.erased !== undefined) this.#erased.push(id);
    };
    const key = { host: this.#host.number, run: id };
    return {
      run: id,
      read: read.bind(this),
      summary: () => summary,
      recording: recording && (() => readPieces(db, key, 0, recording.checked)),
    };
  }

  /** As far as the checkpoint covers them. */
  async *#rows(run: string): AsyncGenerator<Row> {
    for (let after = 0; ;) {
      const rows = await this.#parts.db
        .selectFrom("event")
        .select(["seq", "index", "entry", "record"])
        .where("host", "=", this.#host.number)
        .where("run", "=", run)
        .where("seq", ">", after)
        .where("index", "<", this.#size)
        .orderBy("seq")
        .limit(PAGE)
        .execute();
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      after = last.seq;
    }
  }

  /** @returns the event; undefined where it is of a form that this version does not know, which is one of the problems then */
  async #open({ index, entry, record }: Row): Promise<LoggedEvent | undefined> {
    const { holding } = this.#parts;
    this.#entries += 1;
    await this.#check(index, entry);
    let held = holding.openHeldEvent(entry, record ?? undefined);
    if (held === "record") {
      this.#note({
        kind: "edit",
        index,
        detail: "its personal members are not what the entry commits to; they are left out",
      });
      held = holding.openHeldEvent(entry, undefined);
    }
    if (typeof held === "object") return { index, event: held.event, erased: held.erased };
    this.#note({ kind: "schema", index, detail: "an entry of a form that this version does not know; it is left out" });
    return undefined;
  }

  /** That the tree which the host signed has this entry there. One proof for each tile: the others of it are in that, too. */
  async #check(index: number, entry: Uint8Array): Promise<void> {
    const { holding } = this.#parts;
    const tile = Math.floor(index / holding.TILE_WIDTH);
    if (this.#tile?.index !== tile) this.#tile = { index: tile, hashes: await this.#hashesOf(tile, { index, entry }) };
    const expected = this.#tile.hashes?.[index - tile * holding.TILE_WIDTH];
    const leaf = holding.createTreeHasher(holding.sha256).leaf(entry);
    if (expected !== undefined && holding.equalBytes(expected, leaf)) return;
    this.#note({ kind: "edit", index, detail: "the entry is not what the tree that the host signed has there" });
  }

  async #hashesOf(tile: number, one: { readonly index: number; readonly entry: Uint8Array }) {
    const { holding } = this.#parts;
    const name = holding.tileOf(this.#size, 0, tile);
    const proof = await this.#orUndefined(holding.proveKept(this.#kept, { ...one, committed: undefined }));
    const bytes = name && (await this.#read(name));
    return proof && bytes && holding.decodeTile(bytes, name.width);
  }

  async #orUndefined(made: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
    try {
      return await made;
    } catch (error) {
      if (error instanceof AuditError && error.code === "AUDIT_LOG_DAMAGED") return undefined;
      throw error;
    }
  }

  #note(problem: Verification["problems"][number]): void {
    if (this.#problems.length < 1_000) this.#problems.push(problem);
  }
}

/** Tiles that were made are looked at again and again: one proof has most of them in common with the next. */
function kept(make: (name: TileName) => Promise<Uint8Array | undefined>) {
  const tiles = new Map<string, Uint8Array | undefined>();
  return async (name: TileName): Promise<Uint8Array | undefined> => {
    const key = `${String(name.kind)} ${String(name.index)} ${String(name.width)}`;
    if (tiles.has(key)) return tiles.get(key);
    const [oldest] = tiles.keys();
    if (tiles.size >= MOST_TILES && oldest !== undefined) tiles.delete(oldest);
    const made = await make(name);
    tiles.set(key, made);
    return made;
  };
}
