import { chmodSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";

/** A change of what is written makes a new index of all. */
const VERSION = 3;

/**
 * `entries` has a row for each event that can be found, by its place in the log; `words` their texts, which are not kept a second time;
 * `shown` has a row for each line that a terminal showed, and `shown_words` their texts; `tags` is what filters look for; `runs` whose they are, and
 * `labels` what was said of them.
 */
const SCHEMA = `
CREATE TABLE meta (version INTEGER NOT NULL, size INTEGER NOT NULL, root TEXT NOT NULL);
INSERT INTO meta VALUES (${String(VERSION)}, 0, '');
CREATE TABLE runs (run TEXT PRIMARY KEY, at REAL, name TEXT, user TEXT, agent TEXT, project TEXT, recorded REAL) WITHOUT ROWID;
CREATE TABLE labels (run TEXT NOT NULL, key TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (label, run)) WITHOUT ROWID;
CREATE INDEX labels_key ON labels (key);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, run TEXT NOT NULL, at REAL NOT NULL, type TEXT NOT NULL, exec INTEGER, decision TEXT,
  line TEXT NOT NULL, reason TEXT NOT NULL, status INTEGER, signal TEXT
);
CREATE INDEX entries_exec ON entries (run, exec) WHERE exec IS NOT NULL;
CREATE INDEX entries_decision ON entries (decision, id) WHERE decision <> 'allowed';
CREATE TABLE tags (kind TEXT NOT NULL, value TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (kind, value, id)) WITHOUT ROWID;
CREATE TABLE shown (id INTEGER PRIMARY KEY, run TEXT NOT NULL, at REAL NOT NULL, into_recording REAL NOT NULL, line TEXT NOT NULL);
CREATE VIRTUAL TABLE shown_words USING fts5 (text, content='', detail=full, tokenize="unicode61 remove_diacritics 2");
CREATE VIRTUAL TABLE words USING fts5 (text, content='', detail=full, tokenize="unicode61 remove_diacritics 2");
`;

/** As long as another process may take to make the index of a large record. */
const WAIT_MS = 60_000;

/** Where the index stands, or that it is only in memory, and why. */
export interface OpenIndex {
  readonly database: DatabaseSync;
  readonly memory: string | undefined;
}

/**
 * Opens the index, or makes one. A file of another version, or one that is no database, is made anew: it holds nothing that the
 * log does not. Where nothing can be written, the index is made in memory.
 */
export async function openIndex(path: string, { rebuild }: { readonly rebuild: boolean }): Promise<OpenIndex> {
  const { DatabaseSync } = await import("node:sqlite");
  const open = (): OpenIndex => {
    const database = new DatabaseSync(path, { timeout: WAIT_MS });
    try {
      chmodSync(path, 0o600);
      prepare(database);
      return { database, memory: undefined };
    } catch (error) {
      database.close();
      throw error;
    }
  };
  const openAnew = (): OpenIndex => {
    remove(path);
    return open();
  };
  const opened = rebuild ? undefined : attempt(open).value;
  if (opened !== undefined) return opened;
  const { value, error } = attempt(openAnew);
  return value ?? inMemory(new DatabaseSync(":memory:"), error);
}

function attempt<T>(work: () => T): { readonly value?: T; readonly error?: Error } {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { error };
  }
}

function inMemory(database: DatabaseSync, cause: Error | undefined): OpenIndex {
  prepare(database);
  return { database, memory: cause?.message ?? "it can't be written" };
}

function prepare(database: DatabaseSync): void {
  // What a crash takes away is read from the log again. What was erased must not stay in free pages.
  database.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON;",
  );
  database.exec("BEGIN IMMEDIATE");
  try {
    const { tables } = one(database, "SELECT count(*) AS tables FROM sqlite_master");
    if (tables === 0) database.exec(SCHEMA);
    const { version } = one(database, "SELECT version FROM meta");
    if (version !== VERSION) throw new Error(`the index is of version ${String(version)}`);
    database.exec("COMMIT");
  } catch (error) {
    database.exec("ROLLBACK");
    throw error;
  }
}

/** The one row that a query has. */
export function one(database: DatabaseSync, sql: string): Record<string, unknown> {
  return database.prepare(sql).get() ?? {};
}

/** Forgets everything: the log is not the one that this was made from. */
export function empty(database: DatabaseSync): void {
  database.exec(
    "DELETE FROM runs; DELETE FROM labels; DELETE FROM entries; DELETE FROM tags; DELETE FROM shown; INSERT INTO shown_words (shown_words) VALUES ('delete-all'); INSERT INTO words (words) VALUES ('delete-all'); UPDATE meta SET size = 0, root = '';",
  );
}

/** Removes an index; the next use makes it anew, without what the record has erased meanwhile. */
export function remove(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
}
