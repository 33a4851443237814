import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  Kysely,
  PostgresDialect,
  sql,
  type PostgresCursor,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from "kysely";
import { ServerError } from "../../contract/errors.ts";
import { migrate } from "./migrate.ts";
import type { Database, Tables } from "./tables.ts";

export interface Store {
  readonly db: Database;
  /**
   * Calls back when another instance, or this one, said that something arrived: the place of the newest, or `""` when that is not known, as
   * after the connection was lost. Returns how to stop that.
   */
  onArrival(listener: (newest: string) => void): Promise<() => Promise<void>>;
  /**
   * Calls back when what hosts are told has changed: `about` a run, or `""` for any of them, as after the connection was lost. Returns how
   * to stop that.
   */
  onOrder(listener: (about: string) => void): Promise<() => Promise<void>>;
  /** Calls back when there is more, or another state, of a recording: `about` names it, `""` any. Returns how to stop that. */
  onRecording(listener: (about: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** `postgres://…`; undefined: an embedded one in the state directory, for trying out and for one instance. */
  readonly url: string | undefined;
  readonly state: string;
}

const ARRIVED = "bailiwick_arrived";
const ORDERED = "bailiwick_ordered";
const RECORDED = "bailiwick_recorded";

/** @throws ServerError SERVER_CANNOT_START */
export async function openStore(options: StoreOptions): Promise<Store> {
  const store = options.url === undefined ? await openEmbedded(options.state) : await openPostgres(options.url);
  try {
    await migrate(store.db);
    return store;
  } catch (error) {
    await store.close();
    if (error instanceof ServerError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError("SERVER_CANNOT_START", `the database can't be used: ${why}`, {
      cause: error,
      remedy: "check that it runs, is PostgreSQL 15 or newer, and that the user may create tables",
    });
  }
}

/** Tells all instances that something arrived, when the transaction commits. @param newest its place */
export async function announceArrival(db: Database, newest: number): Promise<void> {
  await sql`select pg_notify(${ARRIVED}, ${String(newest)})`.execute(db);
}

/** Tells all instances, when the transaction commits, that hosts are to be told something. @param about a run, or `""`: any of them */
export async function announceOrder(db: Database, about: string): Promise<void> {
  await sql`select pg_notify(${ORDERED}, ${about})`.execute(db);
}

/** Tells all instances, when the transaction commits, that there is more or another state of a recording. */
export async function announceRecording(db: Database, about: string): Promise<void> {
  await sql`select pg_notify(${RECORDED}, ${about})`.execute(db);
}

/** Until the transaction is over: who else locks the server's row, waits. First of all, for who takes one row after another in another order waits for ever. */
export async function lockServer(transaction: Database): Promise<void> {
  await transaction.selectFrom("server").select("singleton").forUpdate().execute();
}

/** 64-bit integers as numbers: none here comes near 2^53. */
const INT8 = 20;

async function openPostgres(url: string): Promise<Store> {
  const { default: pg } = await import("pg");
  const types: { getTypeParser: typeof pg.types.getTypeParser } = {
    getTypeParser: (oid: number, format?: "text" | "binary") =>
      oid === INT8 ? Number : (pg.types.getTypeParser(oid, format as "text") as never), // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the overloads of pg's types can't be forwarded
  };
  const pool = new pg.Pool({ connectionString: url, max: 10, types, connectionTimeoutMillis: 10_000 });
  // A connection that is lost while nobody uses it: whoever takes the next one finds out.
  pool.on("error", () => undefined);
  // And one that is lost while somebody uses it: their query rejects, which is how they find out.
  pool.on("connect", (client) => client.on("error", () => undefined));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const listeners = new Set<() => Promise<void>>();
  const listen = async (channel: string, listener: (payload: string) => void) => {
    const stop = listenTo(channel, () => new pg.Client({ connectionString: url }), listener);
    listeners.add(stop);
    return await Promise.resolve(async () => {
      listeners.delete(stop);
      await stop();
    });
  };
  return {
    db,
    onArrival: (listener) => listen(ARRIVED, listener),
    onOrder: (listener) => listen(ORDERED, listener),
    onRecording: (listener) => listen(RECORDED, listener),
    async close() {
      await Promise.all([...listeners].map((stop) => stop()));
      await db.destroy();
    },
  };
}

interface ListeningClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
  on(name: string, listener: (message?: { readonly payload?: string }) => void): unknown;
}

const RECONNECT_MS = 500;

/** Listens on a connection of its own, and on the next one when that is lost; what came meanwhile is looked for then. */
function listenTo(
  channel: string,
  make: () => ListeningClient,
  listener: (payload: string) => void,
): () => Promise<void> {
  let stopped = false;
  let current: ListeningClient | undefined;
  const connect = (): void => {
    if (stopped) return;
    const client = (current = make());
    let lost = false;
    const again = (): void => {
      if (lost) return;
      lost = true;
      setTimeout(connect, RECONNECT_MS).unref();
      client.end().catch(() => undefined);
    };
    client.on("notification", (message) => {
      listener(message?.payload ?? "");
    });
    client.on("error", again);
    client.on("end", again);
    client
      .connect()
      .then(() => client.query(`listen ${channel}`))
      .then(() => {
        listener("");
      }, again);
  };
  connect();
  return async () => {
    stopped = true;
    await current?.end().catch(() => undefined);
  };
}

async function openEmbedded(state: string): Promise<Store> {
  const directory = join(state, "database");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const { PGlite } = await import("@electric-sql/pglite");
  const lite = await PGlite.create({ dataDir: directory, parsers: { [INT8]: Number } });
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: poolOf(lite) }) });
  const listen = async (channel: string) => {
    const listeners = new Set<(payload: string) => void>();
    await lite.listen(channel, (payload) => {
      for (const listener of listeners) listener(payload);
    });
    return async (listener: (payload: string) => void) => {
      listeners.add(listener);
      return await Promise.resolve(async () => {
        listeners.delete(listener);
        await Promise.resolve();
      });
    };
  };
  return {
    db,
    onArrival: await listen(ARRIVED),
    onOrder: await listen(ORDERED),
    onRecording: await listen(RECORDED),
    async close() {
      await db.destroy();
    },
  };
}

interface Embedded {
  query<R>(text: string, values: unknown[]): Promise<{ rows: R[]; affectedRows?: number }>;
  close(): Promise<void>;
}

/** One connection as a pool of it: who takes it has it alone until they give it back, so that transactions do not mix. */
function poolOf(lite: Embedded): PostgresPool {
  let turn: Promise<void> = Promise.resolve();
  return {
    options: {},
    async connect() {
      const before = turn;
      const { promise, resolve } = Promise.withResolvers<void>();
      turn = promise;
      await before;
      return {
        query: queryOf(lite),
        release: () => {
          resolve();
        },
      };
    },
    end: () => lite.close(),
  };
}

/** Kysely asks for no cursors unless a query is streamed, and none is. */
function queryOf(lite: Embedded): PostgresPoolClient["query"] {
  function query<R>(text: string, values: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  function query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  function query<R>(
    text: string | PostgresCursor<R>,
    values: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof text !== "string") throw new TypeError("the embedded database has no cursors");
    return lite.query<R>(text, [...values]).then(({ rows, affectedRows }) => {
      const [, word = ""] = /^\s*(insert|update|delete|merge)\b/i.exec(text) ?? [];
      const command = COMMANDS.find((known) => known === word.toUpperCase()) ?? "SELECT";
      return { command, rowCount: affectedRows ?? rows.length, rows };
    });
  }
  return query;
}

const COMMANDS = ["INSERT", "UPDATE", "DELETE", "MERGE"] as const;
