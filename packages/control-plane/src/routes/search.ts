import { parseQuery, SearchError, type Query } from "@bailiwick/search";
import { ServerError } from "../../contract/errors.ts";
import type { RunOnHost } from "../access/resources.ts";
import { permittedRuns } from "../access/run-rights.ts";
import { selectFound, type FoundRow } from "../search/select.ts";
import type { Handlers } from "./handler.ts";
import { listSeen } from "./listed.ts";

export const search = {
  searchEvents: async (server, { caller, query: { query: text, after, limit } }) => {
    const { db, authority, now } = server;
    const query = parse(text, now());
    const right = { caller, grants: await authority.grantsOf(caller), action: "readRun" } as const;
    // What is known once is known for this request.
    const known = new Map<string, RunOnHost | undefined>();
    return await listSeen(
      { after, limit },
      {
        read: async (before, most) => await selectFound(db, query, { before, most }),
        placeOf: (row) => row.seq,
        show: async (rows) => {
          const unknown = [...new Set(rows.map(({ run }) => run))].filter((run) => !known.has(run));
          const permitted = await permittedRuns(server, right, unknown);
          for (const id of unknown) known.set(id, permitted.get(id));
          return (row) => {
            const run = known.get(row.run);
            return run?.host === row.host ? foundOf(row, run) : undefined;
          };
        },
      },
    );
  },
} as const satisfies Partial<Handlers>;

function parse(text: string, now: number): Query {
  try {
    return parseQuery(text, now);
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    throw new ServerError("SERVER_MALFORMED", error.message, {
      cause: error,
      ...(error.remedy !== undefined && { remedy: error.remedy }),
    });
  }
}

function foundOf(row: FoundRow, { host_id, person }: RunOnHost) {
  const { seq, run, at, type, exec, decision, line, reason, status, signal } = row;
  return {
    ...{ seq, host: host_id, person, run, at, type, line, reason },
    ...(exec !== null && { exec }),
    ...(decision !== null && { decision }),
    ...(status !== null && { status }),
    ...(signal !== null && { signal }),
  };
}
