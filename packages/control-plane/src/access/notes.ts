/** What stands in the server's own log, as it is looked for. */
import type { z } from "zod";
import type { noted } from "../../contract/report-routes.ts";
import type { Database, NotedRow } from "../store/tables.ts";
import { COMPANY, findResource, isResourceType, type Resource } from "./resources.ts";

type Noted = z.output<typeof noted>;

export interface Sought {
  readonly person?: string | undefined;
  readonly run?: string | undefined;
  readonly host?: string | undefined;
  readonly team?: string | undefined;
  readonly action?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** All that are said have to hold. */
export function selectNotes(db: Database, { person, run, host, team, action, from, to }: Sought) {
  let select = db.selectFrom("noted").selectAll();
  if (from !== undefined) select = select.where("at", ">=", from);
  if (to !== undefined) select = select.where("at", "<=", to);
  if (action !== undefined) select = select.where((is) => is.or({ action, type: action }));
  if (run !== undefined) select = select.where((is) => is.and({ about_type: "Run", about_id: run }));
  if (person !== undefined) {
    select = select.where((is) =>
      is.or([is.or({ who: person, whom: person }), is.and({ about_type: "Person", about_id: person })]),
    );
  }
  if (host !== undefined) {
    const runs = db
      .selectFrom("run")
      .innerJoin("host", "host.number", "run.host")
      .select("run.id")
      .where("host.id", "=", host);
    select = select.where((is) =>
      is.or([
        is("who", "=", host),
        is.and({ about_type: "Host", about_id: host }),
        is.and([is("about_type", "=", "Run"), is("about_id", "in", runs)]),
      ]),
    );
  }
  if (team !== undefined) {
    const members = db.selectFrom("team_member").select("person").where("team", "=", team);
    select = select.where((is) =>
      is.or([is("who", "in", members), is("whom", "in", members), is.and({ about_type: "Team", about_id: team })]),
    );
  }
  return select;
}

/** What has to be the caller's to see: what it was done to, and of all else the company. */
export async function resourceOfNote(db: Database, { about_type: type, about_id: id }: NotedRow): Promise<Resource> {
  return type !== null && id !== null && isResourceType(type) ? await findResource(db, type, id) : COMPANY;
}

export function notedOfRow({ index, at, type, who, about_type, about_id, note }: NotedRow): Noted {
  const parsed: unknown = JSON.parse(note);
  return {
    ...{ index, at, type },
    ...(who !== null && { who }),
    ...(about_type !== null && about_id !== null && { about: { type: about_type, id: about_id } }),
    // As this server wrote it.
    note: typeof parsed === "object" && parsed !== null ? { ...parsed } : {},
  };
}
