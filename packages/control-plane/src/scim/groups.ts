/** Groups that the directory pushes. Whatever of their members changes is given or taken in the same transaction. */
import { ServerError } from "../../contract/errors.ts";
import type { Database, ScimGroupRow } from "../store/tables.ts";
import { attributeOf, malformed, type GroupAttributes } from "./attributes.ts";
import { invalid, type Term } from "./filter.ts";
import { giveByDirectory, type Rules } from "./given.ts";
import type { Page } from "./resources.ts";
import { randomId } from "../identity/secrets.ts";

export interface Group {
  readonly row: ScimGroupRow;
  readonly attributes: GroupAttributes;
}

interface Giving {
  readonly rules: Rules;
  readonly now: number;
}

/** Within a transaction. @throws ServerError SERVER_CONFLICT, SERVER_MALFORMED */
export async function addGroup(db: Database, attributes: GroupAttributes, giving: Giving): Promise<Group> {
  const { displayName, externalId } = attributes;
  const row = {
    id: randomId("sg"),
    display_name: displayName,
    external_id: externalId ?? null,
    ...{ version: 0, created_at: giving.now, changed_at: giving.now },
  };
  const { numInsertedOrUpdatedRows: added } = await db
    .insertInto("scim_group")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (added !== 1n) throw taken();
  return await changeGroup(db, { row, attributes: { displayName, externalId, members: [] } }, attributes, giving);
}

/** Within a transaction. @throws ServerError SERVER_CONFLICT, SERVER_MALFORMED */
export async function changeGroup(
  db: Database,
  { row, attributes: before }: Group,
  next: GroupAttributes,
  giving: Giving,
): Promise<Group> {
  const { displayName, externalId, members } = next;
  const [had, has] = [before.members, members].map((list) => new Set(list.map(({ value }) => value)));
  const joining = [...(has ?? [])].filter((person) => had?.has(person) !== true);
  const leaving = [...(had ?? [])].filter((person) => has?.has(person) !== true);
  const isRenamed = displayName !== row.display_name || (externalId ?? null) !== row.external_id;
  if (displayName !== row.display_name) await requireFree(db, displayName);
  const changed = {
    display_name: displayName,
    external_id: externalId ?? null,
    version: row.version + 1,
    changed_at: giving.now,
  };
  await db.updateTable("scim_group").set(changed).where("id", "=", row.id).execute();
  await requireUsers(db, joining);
  if (leaving.length > 0) {
    await db.deleteFrom("scim_member").where("group_id", "=", row.id).where("person", "in", leaving).execute();
  }
  if (joining.length > 0) {
    const rows = joining.map((person) => ({ group_id: row.id, person }));
    await db.insertInto("scim_member").values(rows).execute();
  }
  await giveAll(db, isRenamed ? [...joining, ...leaving, ...(had ?? [])] : [...joining, ...leaving], giving);
  return { row: { ...row, ...changed }, attributes: next };
}

/** Within a transaction. */
export async function deleteGroup(db: Database, { row, attributes }: Group, giving: Giving): Promise<void> {
  await db.deleteFrom("scim_group").where("id", "=", row.id).execute();
  await giveAll(
    db,
    attributes.members.map(({ value }) => value),
    giving,
  );
}

/** In one order, so that two groups that change at once do not wait for each other. */
async function giveAll(db: Database, people: readonly string[], giving: Giving): Promise<void> {
  for (const person of [...new Set(people)].sort()) await giveByDirectory(db, person, giving);
}

async function requireFree(db: Database, name: string): Promise<void> {
  const other = await db.selectFrom("scim_group").select("id").where("display_name", "=", name).executeTakeFirst();
  if (other !== undefined) throw taken();
}

async function requireUsers(db: Database, people: readonly string[]): Promise<void> {
  if (people.length === 0) return;
  const rows = await db
    .selectFrom("scim_user")
    .select("person")
    .where("person", "in", people)
    .where("deleted_at", "is", null)
    .execute();
  const known = new Set(rows.map(({ person }) => person));
  const unknown = people.find((person) => !known.has(person));
  if (unknown !== undefined) throw malformed("a member is no user's `id` here: groups in groups are not kept");
}

/** @throws ServerError SERVER_NOT_FOUND */
export async function findGroup(db: Database, id: string, { forUpdate = false } = {}): Promise<Group> {
  let asked = db.selectFrom("scim_group").selectAll().where("id", "=", id);
  if (forUpdate) asked = asked.forUpdate();
  const row = await asked.executeTakeFirst();
  if (row === undefined) throw new ServerError("SERVER_NOT_FOUND", "there is no such group");
  const [group] = await withMembers(db, [row]);
  if (group === undefined) throw new TypeError("a group has members, or none");
  return group;
}

export async function listGroups(
  db: Database,
  terms: readonly Term[],
  { startIndex, count }: Page,
): Promise<{ readonly groups: readonly Group[]; readonly total: number }> {
  let asked = db.selectFrom("scim_group").selectAll();
  for (const { path, value } of terms) {
    const [first = "", member = ""] = path.split(".");
    const name = path.toLowerCase() === "id" ? "id" : attributeOf("Group", first);
    const text = String(value);
    if (name === "id") asked = asked.where("id", "=", text);
    else if (name === "displayName") asked = asked.where("display_name", "=", text);
    else if (name === "externalId") asked = asked.where("external_id", "=", text);
    else if (name === "members" && (member === "" || member.toLowerCase() === "value")) {
      asked = asked.where("id", "in", (eb) =>
        eb.selectFrom("scim_member").select("group_id").where("person", "=", text),
      );
    } else throw invalid("groups are found by `displayName`, `externalId`, `id` and `members`");
  }
  const { total } = await asked
    .clearSelect()
    .select(({ fn }) => fn.countAll().as("total"))
    .executeTakeFirstOrThrow();
  const rows = await asked
    .orderBy("id")
    .offset(startIndex - 1)
    .limit(count)
    .execute();
  return { groups: await withMembers(db, rows), total: Number(total) };
}

async function withMembers(db: Database, rows: readonly ScimGroupRow[]): Promise<Group[]> {
  if (rows.length === 0) return [];
  const members = await db
    .selectFrom("scim_member")
    .selectAll()
    .where(
      "group_id",
      "in",
      rows.map(({ id }) => id),
    )
    .orderBy("person")
    .execute();
  const byGroup = Map.groupBy(members, ({ group_id }) => group_id);
  return rows.map((row) => ({
    row,
    attributes: {
      displayName: row.display_name,
      externalId: row.external_id ?? undefined,
      members: (byGroup.get(row.id) ?? []).map(({ person }) => ({ value: person })),
    },
  }));
}

function taken(): ServerError {
  return new ServerError("SERVER_CONFLICT", "there is a group of this name", { remedy: "find it by a filter" });
}
