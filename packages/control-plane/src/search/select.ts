import type { Filter, Query, Term } from "@bailiwick/search";
import { sql, type RawBuilder } from "kysely";
import { ServerError } from "../../contract/errors.ts";
import type { Database } from "../store/tables.ts";
import { runHasLabel } from "../store/labels.ts";
import { likePattern, wordQuery } from "./words.ts";

/** A pattern that stands for more tags than this is not looked for. */
const MOST_TAGS = 1_000;
/** What takes longer finds too little in too much. */
const PATIENCE_MS = 10_000;

export interface FoundRow {
  readonly seq: number;
  readonly host: number;
  readonly run: string;
  readonly at: number;
  readonly type: string;
  readonly exec: number | null;
  /** As `findableOf` wrote it. */
  readonly decision: "allowed" | "refused" | "asked" | null;
  readonly line: string;
  readonly reason: string;
  readonly status: number | null;
  readonly signal: string | null;
}

/** Newest first. @throws ServerError SERVER_MALFORMED for what can't be looked for here, or takes too long */
export async function selectFound(
  db: Database,
  query: Query,
  { before, most }: { readonly before: number | undefined; readonly most: number },
): Promise<FoundRow[]> {
  if (query.texts.length > 0) {
    throw cannot("what terminals showed is not at the server", "search for it on the host: `bailiwick search text:…`");
  }
  return await db.transaction().execute(async (transaction) => {
    await sql`set local statement_timeout = ${sql.lit(PATIENCE_MS)}`.execute(transaction);
    const conditions = await conditionsOf(transaction, query);
    if (before !== undefined) conditions.push(sql`e.seq < ${before}`);
    const where = conditions.length === 0 ? sql`true` : sql.join(conditions, sql` and `);
    try {
      const { rows } = await sql<FoundRow>`
        select e.seq, e.host, e.run, e.at, e.type, e.exec, e.decision, e.line, e.reason, e.status, e.signal
        from search_entry e where ${where} order by e.seq desc limit ${most}`.execute(transaction);
      return rows;
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "57014") throw error;
      throw cannot("there is too much to look through", "say more words, a host, a run, or a shorter time");
    }
  });
}

type Condition = RawBuilder<unknown>;

async function conditionsOf(db: Database, { terms, filters, since, until }: Query): Promise<Condition[]> {
  const conditions = terms.map(termCondition);
  for (const filter of filters) {
    const condition = await filterCondition(db, filter);
    conditions.push(filter.not ? sql`not coalesce(${condition}, false)` : condition);
  }
  if (since !== undefined) conditions.push(sql`e.at >= ${since}`);
  if (until !== undefined) conditions.push(sql`e.at <= ${until}`);
  return conditions;
}

function termCondition({ text, prefix, not }: Term): Condition {
  const matches = sql`e.words @@ to_tsquery('simple', ${wordQuery(text, prefix)})`;
  return not ? sql`not (${matches})` : matches;
}

async function filterCondition(db: Database, { field, value }: Filter): Promise<Condition> {
  switch (field) {
    case "decision":
      return sql`e.decision = ${value}`;
    case "status":
      if (value === "failed") return sql`(e.status <> 0 or e.signal is not null)`;
      return /^\d/.test(value) ? sql`e.status = ${Number(value)}` : sql`e.signal = ${value}`;
    case "user":
      return sql`e.host in (select number from host where person = ${value})`;
    case "agent":
      return ofRun(sql`r.agent = ${value}`);
    case "project":
      return ofRun(sql`r.project = ${value.slice(value.lastIndexOf("/") + 1)}`);
    case "label":
      return ofRun(runHasLabel(value, "r"));
    case "run":
      return ofRun(
        sql`(r.id like ${`${likePattern(value.toLowerCase())}%`} or r.id like ${`%${likePattern(value.toLowerCase())}`} or r.name = ${value})`,
      );
    case "file":
      return await tagged(db, value.includes("*") ? [`file:${value}`] : [`file:${value}`, `file:*/${value}`]);
    case "host":
    case "program":
    case "policy":
      return await tagged(db, [`${field}:${value}`]);
  }
}

/** Of the run whose event it is: another host's of the same id is another. */
function ofRun(condition: Condition): Condition {
  return sql`(e.host, e.run) in (select r.host, r.id from run r where ${condition})`;
}

async function tagged(db: Database, patterns: readonly string[]): Promise<Condition> {
  const exact = patterns.filter((pattern) => !pattern.includes("*"));
  const like = patterns.filter((pattern) => pattern.includes("*"));
  const tags = [...exact, ...(await tagsLike(db, like))];
  // A value and no subquery: the planner knows then how many there are, and which way to them is short.
  return sql`e.tags && ${tags}::text[]`;
}

async function tagsLike(db: Database, patterns: readonly string[]): Promise<string[]> {
  if (patterns.length === 0) return [];
  const rows = await db
    .selectFrom("search_tag")
    .select("value")
    .where((where) => where.or(patterns.map((pattern) => where("value", "like", likePattern(pattern)))))
    .limit(MOST_TAGS + 1)
    .execute();
  if (rows.length > MOST_TAGS) {
    throw cannot(
      `\`${patterns.join("`, `")}\` stands for more than ${String(MOST_TAGS)} of them`,
      "say more of the name",
    );
  }
  return rows.map(({ value }) => value);
}

function cannot(message: string, remedy: string): ServerError {
  return new ServerError("SERVER_MALFORMED", message, { remedy });
}
