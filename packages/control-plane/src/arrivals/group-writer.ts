import { LOG_ITSELF } from "@bailiwick/audit";
import { isRunId } from "@bailiwick/base";
import { ServerError } from "../../contract/errors.ts";
import type { Arrival } from "../live/hub.ts";
import type { Database } from "../store/tables.ts";
import { checkBatch, type Batch, type Checked } from "./batch.ts";
import { heldOf, packEdge } from "./held.ts";
import { changeHosts, readWriters, type Writer } from "./host-rows.ts";
import type { JournalOptions } from "./journal-options.ts";
import type { DatedNote } from "./note.ts";
import { RunChanges } from "./run-rows.ts";
import { ToldOfRecordings } from "../recordings/told.ts";
import { changeRuns, insertEvents } from "./write-rows.ts";

export interface Accepted {
  readonly size: number;
  readonly cosignature?: string;
}

type Taken = Extract<Checked, { readonly first: number }>;

/** One transaction: batches of hosts as rows. */
export class GroupWriter {
  readonly notes: DatedNote[] = [];
  readonly arrivals: Arrival[] = [];
  arrived: number;
  readonly #options: JournalOptions;
  readonly #db: Database;
  #hosts: ReadonlyMap<string, Writer> = new Map();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #changed = new Set<Writer>();
  readonly #runs = new RunChanges();
  readonly #recordings = new ToldOfRecordings();

  constructor(options: JournalOptions, db: Database, arrived: number) {
    this.#options = options;
    this.#db = db;
    this.arrived = arrived;
  }

  /** Before anything of them is taken. */
  async findHosts(ids: readonly string[]): Promise<void> {
    this.#hosts = await readWriters(this.#db, ids);
  }

  /**
   * May be called for many at once, so that their signatures are checked beside each other; those of one host are taken in the order of the
   * calls. Nothing is changed but between two awaits.
   */
  async take(batch: Batch): Promise<Accepted | ServerError> {
    const before = this.#turns.get(batch.host);
    const turn = before === undefined ? this.#takeNow(batch) : before.then(() => this.#takeNow(batch));
    this.#turns.set(batch.host, turn);
    return await turn;
  }

  async #takeNow(batch: Batch): Promise<Accepted | ServerError> {
    const { holding, now } = this.#options;
    const host = this.#hosts.get(batch.host);
    const held = host && heldOf(host, (text) => holding.parseVerifierKey(text, holding.sha256));
    // INVARIANT(standing-host): nothing is written of a host that counts no longer, whatever is remembered elsewhere.
    if (host === undefined || held === undefined || host.revoked_at !== null || !host.active) {
      return new ServerError("SERVER_UNKNOWN_CALLER", "this host is not enrolled, or no longer");
    }
    const checked = await checkBatch(
      holding,
      held,
      batch,
      async (from, to) => await this.#entries(host.number, from, to),
    );
    host.seen_at = now();
    this.#changed.add(host);
    if ("refusal" in checked) {
      if (checked.fault !== undefined) this.#accuse(host, checked.fault, batch);
      return checked.refusal;
    }
    if (checked.entries.length === 0) return { size: host.size };
    const wrong = this.#addEvents(host, checked);
    if (wrong !== undefined) return wrong;
    const from = host.size;
    host.size = checked.held.size;
    host.edge = packEdge(checked.held.edge);
    if (checked.held.key !== held.key) {
      host.log_key = holding.formatHolderKeys(checked.held.key, checked.held.key).log;
    }
    this.notes.push({
      at: now(),
      note: {
        type: "record.arrived",
        host: host.id,
        origin: host.origin,
        from,
        to: host.size,
        root: Buffer.from(checked.root).toString("base64"),
      },
    });
    if (checked.whole === undefined) return { size: host.size };
    const cosignature = holding.cosignLine(this.#options.keys.cosigner, checked.whole, Math.floor(now() / 1000));
    host.checkpoint = Buffer.concat([batch.checkpoint, Buffer.from(cosignature)]);
    return { size: host.size, cosignature };
  }

  async finish(): Promise<void> {
    await insertEvents(this.#db, this.arrivals);
    await this.#recordings.keep(this.#db);
    await changeRuns(this.#db, this.#runs.all);
    await changeHosts(this.#db, [...this.#changed]);
  }

  /** What is held of entries `from` to `to`, and what this transaction is about to hold. */
  async #entries(host: number, from: number, to: number): Promise<Uint8Array[]> {
    const rows = await this.#db
      .selectFrom("event")
      .select(["index", "entry"])
      .where("host", "=", host)
      .where("index", ">=", from)
      .where("index", "<", to)
      .orderBy("index")
      .execute();
    const own = this.arrivals.filter((row) => row.host === host && row.index >= from && row.index < to);
    return [...rows, ...own].map(({ entry }) => entry);
  }

  #addEvents({ number, id }: Writer, { entries, records, first }: Taken): ServerError | undefined {
    const { holding, feed } = this.#options;
    const opened = entries.map((entry, index) => holding.openHeldEvent(entry, records[index]));
    if (opened.includes("record")) {
      return new ServerError("SERVER_MALFORMED", "personal members are not what their entries commit to");
    }
    for (const [offset, entry] of entries.entries()) {
      const event = opened[offset];
      const known = typeof event === "object" ? event : undefined;
      this.arrived += 1;
      const run = known?.run ?? holding.readEntryHead(entry)?.run ?? "";
      const place = {
        seq: this.arrived,
        host: number,
        host_id: id,
        index: first + offset,
        run: isRunId(run) ? run : "",
      };
      const arrival: Arrival = { ...place, entry, record: records[offset], frame: feed.frame(place, known) };
      this.arrivals.push(arrival);
      // Entries of the log itself stand under a run id of zeros; what is no event at all, under none.
      if (!isRunId(run) || run === LOG_ITSELF) continue;
      this.#runs.add(arrival, known?.event);
      this.#recordings.add(arrival, known?.event);
    }
    return undefined;
  }

  #accuse(host: Writer, fault: string, batch: Batch): void {
    // The first of its kind is the proof; repeating it must not fill the log.
    if (host.alarm !== null) return;
    host.alarm = fault;
    host.evidence = Buffer.from(batch.checkpoint);
    this.notes.push({ at: this.#options.now(), note: { type: "record.refused", host: host.id, fault } });
  }
}
