import type { Handlers } from "./handler.ts";
import { listSeen } from "./listed.ts";
import { notedOfRow, resourceOfNote, selectNotes } from "../access/notes.ts";
import type { NotedRow } from "../store/tables.ts";

export const report = {
  report: async ({ db, authority }, { caller, query: { after, limit, order, ...sought } }) => {
    const grants = await authority.grantsOf(caller);
    const newest = order === "newest";
    const known = new Map<string, boolean>();
    const maySee = async (row: NotedRow): Promise<boolean> => {
      const key = `${String(row.about_type)} ${String(row.about_id)}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const resource = await resourceOfNote(db, row);
      const { allowed } = await authority.decideWith(grants, caller, { action: "viewUse", resource });
      known.set(key, allowed);
      return allowed;
    };
    const { noted_from: notYet } = await db.selectFrom("server").select("noted_from").executeTakeFirstOrThrow();
    const page = await listSeen(
      { after, limit },
      {
        read: async (last = newest ? Number.MAX_SAFE_INTEGER : -1, most: number) =>
          await selectNotes(db, sought)
            .where("index", newest ? "<" : ">", last)
            .orderBy("index", newest ? "desc" : "asc")
            .limit(most)
            .execute(),
        placeOf: ({ index }: NotedRow) => index,
        show: () => Promise.resolve(async (row: NotedRow) => ((await maySee(row)) ? notedOfRow(row) : undefined)),
      },
    );
    return { ...page, ...(notYet > 0 && { notYet }) };
  },
} as const satisfies Partial<Handlers>;
