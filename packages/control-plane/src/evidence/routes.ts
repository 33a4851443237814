import { evidenceFileName } from "../../contract/evidence-bytes.ts";
import { evidenceMade, type EvidenceMade } from "../../contract/evidence-routes.ts";
import { resourceOfNote, selectNotes } from "../access/notes.ts";
import { findResource } from "../access/resources.ts";
import type { Handlers } from "../routes/handler.ts";
import { listSeen } from "../routes/listed.ts";
import type { NotedRow } from "../store/tables.ts";
import { chooseRuns } from "./choose.ts";
import { makeArchive } from "./make.ts";

export const evidence = {
  makeEvidence: async (server, { caller, body, resource }) => {
    const { type, id } = body.scope;
    const chosen = await chooseRuns(server, caller, body);
    const of = resource ?? (await findResource(server.db, type, id));
    return {
      name: evidenceFileName(body.scope, server.now()),
      type: "application/zip",
      pieces: makeArchive(server, { caller, wanted: body, resource: of, chosen }),
    };
  },

  listEvidence: async ({ db, authority }, { caller, query: { after, limit } }) => {
    const grants = await authority.grantsOf(caller);
    return await listSeen(
      { after, limit },
      {
        read: async (last = Number.MAX_SAFE_INTEGER, most: number) =>
          await selectNotes(db, { action: "evidence.made" })
            .where("index", "<", last)
            .orderBy("index", "desc")
            .limit(most)
            .execute(),
        placeOf: ({ index }: NotedRow) => index,
        show: () =>
          Promise.resolve(async (row: NotedRow) => {
            const resource = await resourceOfNote(db, row);
            const { allowed } = await authority.decideWith(grants, caller, { action: "viewUse", resource });
            return allowed ? madeOf(row) : undefined;
          }),
      },
    );
  },
} as const satisfies Partial<Handlers>;

/** As this server wrote it. */
function madeOf({ index, at, note }: NotedRow): EvidenceMade {
  const said: unknown = JSON.parse(note);
  return evidenceMade.parse({ ...(typeof said === "object" ? said : {}), index, at });
}
