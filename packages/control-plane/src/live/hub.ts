import { sql } from "kysely";
import type { Holding } from "../arrivals/batch.ts";
import type { Store } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import { NewestFrames, type Frame } from "./newest-frames.ts";

/** An event that has just been written here. */
export interface Arrival {
  readonly seq: number;
  readonly host: number;
  readonly host_id: string;
  readonly index: number;
  readonly run: string;
  readonly entry: Uint8Array;
  readonly record: Uint8Array | undefined;
  /** Made at once when somebody watches, so that the opened event, which is ten times as large, does not wait for the transaction. */
  readonly frame: Frame | undefined;
}

type OpenedEvent = Exclude<ReturnType<Holding["openHeldEvent"]>, string>;

const BATCH = 2_000;
const BATCH_BYTES = 16 << 20;
/** What one watcher is given at a time, which is what it holds of the server's memory while it does not read. */
const PIECE = 250;
const PIECE_BYTES = 256 << 10;

/**
 * What has arrived, in its order, for everybody who watches. Each watcher has a place of its own and takes what follows it when it can,
 * so that a slow one costs nobody anything.
 */
export class LiveHub {
  readonly #store: Store;
  readonly #holding: Holding;
  readonly #kept = new NewestFrames();
  /** All that arrived up to here has been read; what is kept follows `#from` without gaps. */
  #from = 0;
  #to = 0;
  /** Up to here what arrives is handed over by whoever writes it, and need not be read. */
  #expected = 0;
  #watchers = 0;
  #woken = Promise.withResolvers<void>();
  /** What was written here while what comes before it is being read. */
  readonly #ahead = new NewestFrames();
  #isReading = false;
  #reading: Promise<void> | undefined;
  #again = false;
  #stop: (() => Promise<void>) | undefined;

  constructor(store: Store, holding: Holding) {
    this.#store = store;
    this.#holding = holding;
  }

  async start(): Promise<void> {
    this.#stop = await this.#store.onArrival((newest) => {
      if (newest === "" || Number(newest) > this.#expected) this.#wake();
    });
  }

  expect(upTo: number): void {
    this.#expected = upTo;
  }

  /** Takes over what was written here. What another instance wrote before it is read, and this with it. */
  arrived(arrivals: readonly Arrival[]): void {
    const [first] = arrivals;
    if (first === undefined || this.#watchers === 0) return;
    const frames = arrivals.flatMap(({ frame }) => frame ?? []);
    if (!this.#isReading && first.seq === this.#to + 1 && frames.length === arrivals.length) {
      this.#add(frames);
      return;
    }
    // Whoever came while it was written began to watch when there were no frames.
    const isWhole = frames.length === arrivals.length;
    if (!isWhole || this.#ahead.all.at(-1)?.seq !== first.seq - 1) this.#ahead.clear();
    if (isWhole) this.#ahead.add(frames);
    this.#wake();
  }

  /** What {@link arrived} will want of an event; undefined while nobody watches. @param opened undefined when it is of a form that this version does not know */
  frame(place: ArrivedPlace & Pick<Frame, "host" | "run">, opened: OpenedEvent | undefined): Frame | undefined {
    return this.#watchers === 0 ? undefined : frameOf(place, opened);
  }

  lost(): void {
    this.#expected = 0;
    this.#wake();
  }

  async close(): Promise<void> {
    await this.#stop?.();
    await this.#reading;
  }

  /** Begins to follow; resolves with the place of the newest event. */
  async enter(): Promise<number> {
    const row = await this.#store.db.selectFrom("server").select("arrived").executeTakeFirstOrThrow();
    if (this.#watchers === 0) {
      this.#kept.clear();
      this.#from = this.#to = row.arrived;
    }
    this.#watchers += 1;
    // What arrived since the question.
    this.#wake();
    return row.arrived;
  }

  leave(): void {
    this.#watchers -= 1;
    // Who comes next begins with the newest.
    if (this.#watchers > 0) return;
    this.#kept.clear();
    this.#ahead.clear();
  }

  /** What follows a place: some of it, or nothing when there is nothing yet. @param run only its events */
  async after(
    seq: number,
    run: string | undefined,
  ): Promise<{ readonly frames: readonly Frame[]; readonly to: number }> {
    if (seq < this.#from) {
      const reached = this.#to;
      const frames = await this.#read(seq, { run, most: PIECE, mostBytes: PIECE_BYTES });
      // None: there is nothing more up to where everything has been read.
      return { frames, to: frames.at(-1)?.seq ?? Math.max(seq, reached) };
    }
    const start = this.#indexAfter(seq);
    const taken = this.#kept.all.slice(start, start + BATCH);
    const wanted = run === undefined ? taken : taken.filter((frame) => frame.run === run);
    const frames = pieceOf(wanted);
    const last = frames.length < wanted.length ? frames.at(-1) : taken.at(-1);
    return { frames, to: last?.seq ?? Math.max(seq, this.#to) };
  }

  /** Resolves when something may have arrived after a place. */
  async changed(seq: number): Promise<void> {
    if (seq < this.#to) return;
    await this.#woken.promise;
  }

  #indexAfter(seq: number): number {
    let low = 0;
    let high = this.#kept.all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#kept.all[middle]?.seq ?? Infinity) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #wake(): void {
    if (this.#watchers === 0) return;
    this.#again = true;
    if (this.#isReading) return;
    // The database is away: whoever watches waits until it tells again.
    this.#reading = this.#readAll().catch(() => undefined);
  }

  async #readAll(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#again) {
        this.#again = false;
        while (!this.#catchUp()) {
          const from = this.#to;
          const frames = await this.#read(from, { run: undefined, most: BATCH, mostBytes: BATCH_BYTES });
          if (frames.length === 0) break;
          // The last watcher went and another came meanwhile: it begins elsewhere.
          if (from === this.#to) this.#add(frames);
        }
      }
    } finally {
      this.#isReading = false;
    }
  }

  /**
   * True when all is there. Only what came before must be read: whoever reads all that is written by then, while more is written, may never be done,
   * and takes of the database what the writers need.
   */
  #catchUp(): boolean {
    const ahead = this.#ahead.all.filter(({ seq }) => seq > this.#to);
    if (ahead[0]?.seq !== this.#to + 1) return false;
    this.#add(ahead);
    this.#ahead.clear();
    return true;
  }

  #add(frames: readonly Frame[]): void {
    this.#from = this.#kept.add(frames) ?? this.#from;
    this.#to = frames.at(-1)?.seq ?? this.#to;
    const woken = this.#woken;
    this.#woken = Promise.withResolvers();
    woken.resolve();
  }

  async #read(seq: number, wanted: Wanted): Promise<Frame[]> {
    const rows = await selectEvents(this.#store.db, seq, wanted);
    return rows.map((row) => frameOf(row, openRow(this.#holding, row)));
  }
}

type ArrivedRow = Awaited<ReturnType<typeof selectEvents>>[number];

/** The first of them: at least one, and no more than a watcher is given at a time. */
function pieceOf(frames: readonly Frame[]): readonly Frame[] {
  let bytes = 0;
  const end = frames.findIndex((frame) => (bytes += frame.bytes.length) > PIECE_BYTES);
  return end < 0 ? frames : frames.slice(0, Math.max(1, end));
}

interface Wanted {
  /** Only its events. */
  readonly run: string | undefined;
  readonly most: number;
  /** What they may have together, but for the last. */
  readonly mostBytes: number;
}

async function selectEvents(db: Database, seq: number, { run, most, mostBytes }: Wanted) {
  // Cut where they lie: what is thrown away here would be read again for each piece.
  let sized = db
    .selectFrom("event")
    .select([
      "event.seq as place",
      sql<number>`sum(length(entry) + coalesce(length(record), 0)) over (order by seq rows between unbounded preceding and 1 preceding)`.as(
        "before",
      ),
    ])
    .where("seq", ">", seq)
    .orderBy("seq")
    .limit(most);
  if (run !== undefined) sized = sized.where("run", "=", run);
  const query = db
    .selectFrom(sized.as("sized"))
    .innerJoin("event", "event.seq", "sized.place")
    .innerJoin("host", "host.number", "event.host")
    .select(["seq", "event.host", "host.id as host_id", "index", "run", "entry", "record"])
    .where((where) => where.or([where("before", "is", null), where("before", "<", mostBytes)]))
    .orderBy("seq");
  return await query.execute();
}

/** An event as everybody gets it who may: `arrived` of the contract. */
export function arrivedOf(holding: Holding, row: ArrivedPlace & Pick<ArrivedRow, "entry" | "record">) {
  return arrivedAt(row, openRow(holding, row));
}

type ArrivedPlace = Pick<ArrivedRow, "seq" | "host_id" | "index">;

function openRow(holding: Holding, { entry, record }: Pick<ArrivedRow, "entry" | "record">): OpenedEvent | undefined {
  const opened = holding.openHeldEvent(entry, record ?? undefined);
  return typeof opened === "object" ? opened : undefined;
}

function arrivedAt({ seq, host_id, index }: ArrivedPlace, opened: OpenedEvent | undefined) {
  return {
    seq,
    host: host_id,
    index,
    erased: opened?.erased ?? false,
    ...(opened && { event: opened.event as Record<string, unknown> }),
  };
}

function frameOf(place: ArrivedPlace & Pick<ArrivedRow, "host" | "run">, opened: OpenedEvent | undefined): Frame {
  const { seq, host, run } = place;
  return {
    seq,
    host,
    run,
    bytes: Buffer.from(`id: ${String(seq)}\ndata: ${JSON.stringify(arrivedAt(place, opened))}\n\n`),
  };
}
