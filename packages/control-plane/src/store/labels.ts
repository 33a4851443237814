import { sql, type RawBuilder } from "kysely";

/** That a run has a label: `KEY=VALUE`, or `KEY` with any value. @param table what the query calls the table of runs */
export function runHasLabel(wanted: string, table: "run" | "r"): RawBuilder<boolean> {
  const labels = sql.ref(`${table}.labels`);
  if (wanted.includes("=")) return sql<boolean>`${labels} @> array[${wanted}]::text[]`;
  return sql<boolean>`exists (select from unnest(${labels}) as label where starts_with(label, ${`${wanted}=`}))`;
}
