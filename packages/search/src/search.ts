import type { DatabaseSync } from "node:sqlite";
import { isPrefix, readHead, readLog, type TreeHead } from "@bailiwick/audit";
import { Filler } from "./fill.ts";
import { empty, one, openIndex } from "./index-file.ts";
import type { Filter, Query, Term } from "./query.ts";

export interface SearchOptions {
  /** The directory of the record. */
  readonly log: string;
  /** The index's file; made when it is missing. */
  readonly index: string;
  readonly rebuild: boolean;
  /** Called now and then while many events are read: how many of how many. */
  readonly onProgress: (done: number, of: number) => void;
}

/** One event that was found. */
export interface Found {
  /** Its place in the log. */
  readonly index: number;
  readonly run: string;
  readonly at: number;
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
    const { sql, values } = selectionOf(query);
    const rows = this.#database.prepare(`SELECT e.* FROM ${sql} ORDER BY e.id DESC LIMIT ?`).all(...values, limit);
    return rows.map(foundOf);
  }

  /** The runs that have something of it, newest first, and how much. */
  findRuns(query: Query, limit: number): FoundRun[] {
    const { sql, values } = selectionOf(query);
    return this.#database
      .prepare(`SELECT e.run AS run, count(*) AS found FROM ${sql} GROUP BY e.run ORDER BY max(e.id) DESC LIMIT ?`)
      .all(...values, limit)
      .map(({ run, found }) => ({ run: String(run), found: Number(found) }));
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
      if (index % PROGRESS_EVERY === PROGRESS_EVERY - 1) onProgress(index + 1, head.size);
    }
    this.#database.prepare("UPDATE meta SET size = ?, root = ?").run(head.size, head.root);
  }

  #head(): TreeHead {
    const { size, root } = one(this.#database, "SELECT size, root FROM meta");
    return { size: Number(size), root: String(root) };
  }
}

interface Selection {
  /** From `FROM` on; `e` are the entries. */
  readonly sql: string;
  readonly values: (string | number)[];
}

function selectionOf({ terms, filters, since, until }: Query): Selection {
  const wanted = terms.filter(({ not }) => !not);
  const values: (string | number)[] = [];
  const conditions: string[] = [];
  let from = "entries e";
  if (wanted.length > 0) {
    from = "words w JOIN entries e ON e.id = w.rowid";
    conditions.push("words MATCH ?");
    values.push(wanted.map(matchOf).join(" AND "));
  }
  for (const term of terms.filter(({ not }) => not)) {
    conditions.push("e.id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)");
    values.push(matchOf(term));
  }
  for (const filter of filters) {
    const { sql, values: more } = conditionOf(filter);
    conditions.push(filter.not ? `NOT coalesce((${sql}), 0)` : sql);
    values.push(...more);
  }
  if (since !== undefined) conditions.push("e.at >= ?") && values.push(since);
  if (until !== undefined) conditions.push("e.at <= ?") && values.push(until);
  return { sql: conditions.length === 0 ? from : `${from} WHERE ${conditions.join(" AND ")}`, values };
}

/** As a string of FTS5 nothing in it has a meaning: its words in this order, one behind the other. */
function matchOf({ text, prefix }: Term): string {
  return `"${text.replaceAll('"', '""')}"${prefix ? "*" : ""}`;
}

function conditionOf({ field, value }: Filter): Selection {
  const ofRun = (column: string): Selection => ({
    sql: `e.run IN (SELECT run FROM runs WHERE ${column})`,
    values: [value],
  });
  const tagged = (sql: string, ...values: string[]): Selection => ({
    sql: `e.id IN (SELECT id FROM tags WHERE kind = ? AND (${sql}))`,
    values: [field, ...values],
  });
  switch (field) {
    case "decision":
      return { sql: "e.decision = ?", values: [value] };
    case "status":
      if (value === "failed") return { sql: "(e.status <> 0 OR e.signal IS NOT NULL)", values: [] };
      return /^\d/.test(value)
        ? { sql: "e.status = ?", values: [Number(value)] }
        : { sql: "e.signal = ?", values: [value] };
    case "user":
    case "agent":
      return ofRun(`${field} = ?`);
    case "project":
      return {
        sql: "e.run IN (SELECT run FROM runs WHERE project = ? OR project GLOB ?)",
        values: [value, `*/${literal(value)}`],
      };
    case "run":
      return {
        sql: "(e.run GLOB ? OR e.run GLOB ? OR e.run IN (SELECT run FROM runs WHERE name = ?))",
        values: [`${literal(value.toLowerCase())}*`, `*${literal(value.toLowerCase())}`, value],
      };
    case "file":
      return value.includes("*")
        ? tagged("value GLOB ?", value)
        : tagged("value = ? OR value GLOB ?", value, `*/${literal(value)}`);
    case "host":
    case "program":
    case "policy":
      return value.includes("*") ? tagged("value GLOB ?", value) : tagged("value = ?", value);
  }
}

function literal(text: string): string {
  return text.replace(/[*?[]/g, "[$&]");
}

function foundOf(row: Record<string, unknown>): Found {
  const decision = row["decision"];
  return {
    index: Number(row["id"]),
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
