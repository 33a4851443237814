import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { isPrefix, readHead, readLog, recordingPath, type TreeHead } from "@bailiwick/audit";
import { isErrno } from "@bailiwick/base";
import { CastFile, loadShownLines } from "@bailiwick/recording";
import { Filler } from "./fill.ts";
import { empty, one, openIndex } from "./index-file.ts";
import type { Query } from "./query.ts";
import { selectEvents, selectShown, type Selection } from "./selection.ts";

export interface SearchOptions {
  /** The directory of the record. */
  readonly log: string;
  /** The index's file; made when it is missing. */
  readonly index: string;
  readonly rebuild: boolean;
  /** Called now and then while many events are read: how many of how many. */
  readonly onProgress: (done: number, of: number) => void;
}

/** One event that was found, or a line that a terminal showed. */
export interface Found {
  /** Its place in the log; undefined for a line, which is in a recording. */
  readonly index: number | undefined;
  /** Of a line: milliseconds since its recording began. */
  readonly into: number | undefined;
  readonly run: string;
  readonly at: number;
  /** Of the event; `terminal` for a line. */
  readonly type: string;
  readonly exec: number | undefined;
  readonly decision: "allowed" | "refused" | "asked" | undefined;
  /** For people; may hold what an agent wrote. */
  readonly line: string;
  readonly reason: string;
  readonly status: number | undefined;
  readonly signal: string | undefined;
}

export interface FoundRun {
  readonly run: string;
  readonly found: number;
}

const PROGRESS_EVERY = 20_000;

/**
 * An index over the record, brought up to its present head. It is never the truth: when the log is not one that goes on from what
 * the index was made of, it is made anew.
 */
export class SearchIndex {
  readonly #database: DatabaseSync;
  /** Why it is only in memory; undefined: it is not. */
  readonly memory: string | undefined;

  private constructor(database: DatabaseSync, memory: string | undefined) {
    this.#database = database;
    this.memory = memory;
  }

  /** @throws AuditError of the record that can't be read */
  static async open(options: SearchOptions): Promise<SearchIndex> {
    const { database, memory } = await openIndex(options.index, options);
    const opened = new SearchIndex(database, memory);
    try {
      await opened.#update(options);
      return opened;
    } catch (error) {
      opened.close();
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  /** Newest first. @param limit 1 or more */
  find(query: Query, limit: number): Found[] {
    const found = [
      ...this.#rows(selectEvents(query), "SELECT e.* FROM", "ORDER BY e.id DESC LIMIT ?", limit).map(foundOf),
      ...this.#rows(selectShown(query), "SELECT e.* FROM", "ORDER BY e.id DESC LIMIT ?", limit).map(shownOf),
    ];
    return found.sort((a, b) => b.at - a.at).slice(0, limit);
  }

  /** The runs that have something of it, newest first, and how much. */
  findRuns(query: Query, limit: number): FoundRun[] {
    const counts = new Map<string, number>();
    for (const selection of [selectEvents(query), selectShown(query)]) {
      const rows = this.#rows(selection, "SELECT e.run AS run, count(*) AS found FROM", "GROUP BY e.run");
      for (const { run, found } of rows) counts.set(String(run), (counts.get(String(run)) ?? 0) + Number(found));
    }
    // Ids begin with the time.
    const runs = [...counts].sort(([a], [b]) => (a < b ? 1 : -1)).slice(0, limit);
    return runs.map(([run, found]) => ({ run, found }));
  }

  #rows(
    selection: Selection | undefined,
    select: string,
    rest: string,
    ...values: number[]
  ): Record<string, unknown>[] {
    if (selection === undefined) return [];
    return this.#database.prepare(`${select} ${selection.sql} ${rest}`).all(...selection.values, ...values);
  }

  /** In one transaction: other processes wait for it, and then have nothing left to do. */
  async #update({ log, onProgress }: SearchOptions): Promise<void> {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const head = await readHead(log);
      const known = this.#head();
      if (known.size !== head.size || known.root !== head.root) {
        const goesOn = known.size === 0 || (await isPrefix(log, known));
        if (!goesOn) empty(this.#database);
        await this.#read(log, { from: goesOn ? known.size : 0, head, onProgress });
      }
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  async #read(
    log: string,
    { from, head, onProgress }: { from: number; head: TreeHead; onProgress: SearchOptions["onProgress"] },
  ): Promise<void> {
    const filler = new Filler(this.#database);
    for await (const { index, event } of readLog(log, from)) {
      if (index >= head.size) break;
      // Its texts have to go, and no single one can be taken out of an index of words: what is left of the run is read anew with the rest.
      if (event.type === "run.erased" && from > 0) {
        empty(this.#database);
        await this.#read(log, { from: 0, head, onProgress });
        return;
      }
      filler.add(index, event);
      if (event.type === "recording.closed") await this.#readRecording(log, filler, event.run);
      if (index % PROGRESS_EVERY === PROGRESS_EVERY - 1) onProgress(index + 1, head.size);
    }
    this.#database.prepare("UPDATE meta SET size = ?, root = ?").run(head.size, head.root);
  }

  /** One that is gone, or is none, is not found: what is wrong with it is not for a search to say. */
  async #readRecording(log: string, filler: Filler, run: string): Promise<void> {
    try {
      const file = await CastFile.open(join(log, recordingPath(run)));
      try {
        const shownLines = await loadShownLines();
        for await (const line of shownLines(file)) filler.addShown(run, line);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (!isErrno(error, "ENOENT", "RECORDING_MALFORMED")) throw error;
    }
  }

  #head(): TreeHead {
    const { size, root } = one(this.#database, "SELECT size, root FROM meta");
    return { size: Number(size), root: String(root) };
  }
}

function foundOf(row: Record<string, unknown>): Found {
  const decision = row["decision"];
  return {
    index: Number(row["id"]),
    into: undefined,
    run: String(row["run"]),
    at: Number(row["at"]),
    type: String(row["type"]),
    exec: row["exec"] === null ? undefined : Number(row["exec"]),
    decision: decision === "allowed" || decision === "refused" || decision === "asked" ? decision : undefined,
    line: String(row["line"]),
    reason: String(row["reason"]),
    status: row["status"] === null ? undefined : Number(row["status"]),
    signal: row["signal"] === null ? undefined : String(row["signal"]),
  };
}

function shownOf(row: Record<string, unknown>): Found {
  return {
    index: undefined,
    into: Number(row["into_recording"]),
    run: String(row["run"]),
    at: Number(row["at"]),
    type: "terminal",
    exec: undefined,
    decision: undefined,
    line: String(row["line"]),
    reason: "",
    status: undefined,
    signal: undefined,
  };
}
