/** Finds what stands in the server's own log: a row for each entry that is not about what arrived. The log is the record. */
import type { Insertable } from "kysely";
import { storable } from "../store/text.ts";
import type { Database, Tables } from "../store/tables.ts";
import type { DatedNote } from "./note.ts";

type NotedRow = Insertable<Tables["noted"]>;

/** In the transaction that extends the log. @param first the 0-based place of the first of them in the log */
export async function keepNoted(db: Database, first: number, notes: readonly DatedNote[]): Promise<void> {
  const rows = notes.flatMap((dated, place) => {
    const row = notedOf(first + place, dated);
    return row === undefined ? [] : [row];
  });
  if (rows.length > 0) {
    // Whoever takes in what was there before may have been here already.
    await db
      .insertInto("noted")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Members of some notes, by what they mean in all of them. */
interface Members {
  readonly type?: string;
  readonly who?: { readonly id: string };
  readonly by?: string;
  readonly from?: string | number;
  readonly to?: string | number | { readonly id: string };
  readonly team?: string;
  readonly person?: string;
  readonly whom?: string;
  readonly resource?: { readonly type: string; readonly id: string };
  readonly scope?: { readonly type: string; readonly id: string };
  readonly run?: string;
  readonly task?: string;
  readonly pool?: string;
  readonly host?: string;
  readonly breakGlass?: string;
}

function notedOf(index: number, { at, note }: DatedNote): NotedRow | undefined {
  // So many that nobody finds anything else among them; a host's record is looked at by itself.
  if (note.type === "record.arrived") return undefined;
  const members: Members = note;
  const { who, by, from, to, person, whom, breakGlass } = members;
  const about = aboutOf(members);
  const kept = (text: string | undefined): string | null => (text === undefined ? null : storable(text));
  return {
    ...{ index, at, type: note.type },
    who: kept(who?.id ?? by ?? (typeof from === "string" ? from : undefined) ?? person ?? whom),
    whom: kept(whom ?? (typeof to === "object" ? to.id : typeof to === "string" ? to : undefined) ?? person),
    about_type: kept(about?.type),
    about_id: kept(about?.id),
    break_glass: breakGlass ?? (note.type.startsWith("break-glass.") && "id" in note ? note.id : null),
    note: JSON.stringify(note),
    action: "action" in note ? note.action : null,
  };
}

function aboutOf({
  task,
  pool,
  resource,
  scope,
  run,
  host,
  team,
}: Members): { readonly type: string; readonly id: string } | undefined {
  if (task !== undefined) return { type: "Task", id: task };
  if (pool !== undefined) return { type: "Pool", id: pool };
  if (run !== undefined) return { type: "Run", id: run };
  if (host !== undefined) return { type: "Host", id: host };
  return resource ?? scope ?? (team === undefined ? undefined : { type: "Team", id: team });
}
