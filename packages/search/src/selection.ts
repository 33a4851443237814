import type { Filter, Query, Term } from "./query.ts";

export interface Selection {
  /** From `FROM` on; `e` are the events or lines. */
  readonly sql: string;
  readonly values: (string | number)[];
}

/** Filters that say something of runs, and so of what their terminals showed as well. */
const OF_RUNS: ReadonlySet<Filter["field"]> = new Set(["user", "agent", "project", "label", "run"]);

/** What a query finds among events; undefined: it is for what terminals showed. */
export function selectEvents(query: Query): Selection | undefined {
  return query.texts.length > 0 ? undefined : selectionOf(query, query.terms, { table: "entries", words: "words" });
}

/** What a query finds among the lines that terminals showed; undefined: it has no word for them, or asks for what only an event has. */
export function selectShown(query: Query): Selection | undefined {
  const terms = [...query.terms, ...query.texts];
  if (terms.every(({ not }) => not) || query.filters.some(({ field }) => !OF_RUNS.has(field))) return undefined;
  return selectionOf(query, terms, { table: "shown", words: "shown_words" });
}

function selectionOf(
  { filters, since, until }: Query,
  terms: readonly Term[],
  { table, words }: { readonly table: string; readonly words: string },
): Selection {
  const wanted = terms.filter(({ not }) => !not);
  const values: (string | number)[] = [];
  const conditions: string[] = [];
  let from = `${table} e`;
  if (wanted.length > 0) {
    from = `${words} w JOIN ${table} e ON e.id = w.rowid`;
    conditions.push(`${words} MATCH ?`);
    values.push(wanted.map(matchOf).join(" AND "));
  }
  for (const term of terms.filter(({ not }) => not)) {
    conditions.push(`e.id NOT IN (SELECT rowid FROM ${words} WHERE ${words} MATCH ?)`);
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
    case "label":
      return {
        sql: `e.run IN (SELECT run FROM labels WHERE ${value.includes("=") ? "label" : "key"} = ?)`,
        values: [value],
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
