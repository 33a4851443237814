/** People whom the directory provisions: who joins, what is known of them, and who leaves. */
import { z } from "zod";
import { ServerError } from "../../contract/errors.ts";
import { endAccess, toldBy } from "../identity/end-access.ts";
import { makeId } from "../identity/secrets.ts";
import { isLastOwner, ownersOf } from "../access/owners.ts";
import type { Database, ScimUserRow } from "../store/tables.ts";
import { attributeOf, malformed, readUser, type UserAttributes } from "./attributes.ts";
import { invalid, type Term } from "./filter.ts";
import { giveByDirectory, type Rules } from "./given.ts";
import type { Page } from "./resources.ts";

export interface User {
  readonly row: ScimUserRow;
  readonly attributes: UserAttributes & { readonly active: boolean };
}

export interface Joining {
  /** Of the identity provider that people sign in at, if there is one. */
  readonly issuer: string | undefined;
  readonly rules: Rules;
  readonly now: number;
  /** Who is told to end the runs of whoever leaves; undefined: these go on. */
  readonly runsEndedBy: string | undefined;
}

/** Within a transaction. @throws ServerError SERVER_MALFORMED, SERVER_CONFLICT, SERVER_FORBIDDEN */
export async function addUser(db: Database, attributes: UserAttributes, joining: Joining): Promise<User> {
  const { userName, externalId } = attributes;
  if (joining.issuer !== undefined && externalId === undefined) {
    // Who signs in could not be found among those who leave.
    throw malformed("`externalId` is needed: the subject by which they sign in at the identity provider");
  }
  const person = await findOrMakePerson(db, attributes, joining);
  const row = {
    person: person.id,
    user_name: userName,
    external_id: externalId ?? null,
    attributes: "{}",
    ...{ version: 0, created_at: joining.now, changed_at: joining.now },
    ended_at: person.active ? null : joining.now,
    deleted_at: null,
  };
  const { numInsertedOrUpdatedRows: added } = await db
    .insertInto("scim_user")
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  if (added !== 1n) throw taken();
  const next = { ...attributes, active: attributes.active ?? true };
  return await changeUser(db, { row, attributes: { ...next, active: person.active } }, next, joining);
}

interface PersonHere {
  readonly id: string;
  readonly active: boolean;
}

/**
 * Who signed in by the same subject before, or was provisioned before and deleted; else somebody new. Never found by name or address: whoever
 * can choose those would become somebody else.
 */
async function findOrMakePerson(
  db: Database,
  { userName, externalId, ...names }: UserAttributes,
  { issuer, now }: Joining,
): Promise<PersonHere> {
  const subject = issuer === undefined || externalId === undefined ? undefined : { issuer, subject: externalId };
  const known =
    subject &&
    (await db
      .selectFrom("person")
      .leftJoin("scim_user", "scim_user.person", "person.id")
      .select(["person.id", "active", "ended_at", "deleted_at", "scim_user.person as provisioned"])
      .where("issuer", "=", subject.issuer)
      .where("subject", "=", subject.subject)
      .forUpdate("person")
      .executeTakeFirst());
  if (known !== undefined) {
    const { id, active, ended_at, deleted_at, provisioned } = known;
    if (provisioned !== null && deleted_at === null) throw taken();
    if (!active && ended_at === null) throw endedHere(id);
    await db.deleteFrom("scim_user").where("person", "=", id).execute();
    return { id, active };
  }
  const name = nameOf({ userName, externalId, ...names });
  const id = makeId(name);
  await db
    .insertInto("person")
    .values({ id, name, email: null, ...subject, created_at: now })
    .execute();
  return { id, active: true };
}

/**
 * Makes somebody what the directory says they are; `active` ends their access or gives it back. Within a transaction.
 * @throws ServerError SERVER_MALFORMED, SERVER_CONFLICT, SERVER_FORBIDDEN
 */
export async function changeUser(
  db: Database,
  { row, attributes: before }: User,
  next: UserAttributes,
  joining: Joining,
): Promise<User> {
  const { rules, now, issuer } = joining;
  const { userName, externalId = row.external_id ?? undefined, active = before.active, ...others } = next;
  // INVARIANT(own-subject): what somebody signs in by stays. Whoever could change it would be them, an owner too.
  if ((externalId ?? null) !== row.external_id && issuer !== undefined) {
    throw malformed("`externalId` is what they sign in by and does not change: delete them and add them anew");
  }
  let ended_at = row.ended_at;
  if (before.active && !active) {
    await endUser(db, row.person, joining);
    ended_at = now;
  }
  if (!before.active && active) {
    if (row.ended_at === null) throw endedHere(row.person);
    await startAnew(db, row.person, now);
    ended_at = null;
  }
  const changed = {
    user_name: userName,
    external_id: externalId ?? null,
    attributes: JSON.stringify(others),
    version: row.version + 1,
    changed_at: now,
    ended_at,
  };
  await requireFree(db, row.person, userName, externalId);
  await db.updateTable("scim_user").set(changed).where("person", "=", row.person).execute();
  // INVARIANT(owners): one-time links are sent to addresses, so that who could change an owner's would answer as them.
  if (!(await ownersOf(db)).includes(row.person)) {
    const email = (others.emails.find(({ primary }) => primary) ?? others.emails[0])?.value ?? null;
    await db
      .updateTable("person")
      .set({ name: nameOf(next), email })
      .where("id", "=", row.person)
      .execute();
  }
  if (active) await giveByDirectory(db, row.person, { rules, now });
  return { row: { ...row, ...changed }, attributes: { ...next, externalId, active } };
}

async function requireFree(db: Database, person: string, userName: string, externalId?: string): Promise<void> {
  const other = await db
    .selectFrom("scim_user")
    .select("person")
    .where("deleted_at", "is", null)
    .where("person", "!=", person)
    .where(({ or, eb, fn }) =>
      or([
        eb(fn("lower", ["user_name"]), "=", userName.toLowerCase()),
        ...(externalId === undefined ? [] : [eb("external_id", "=", externalId)]),
      ]),
    )
    .executeTakeFirst();
  if (other !== undefined) throw taken();
}

/** @throws ServerError SERVER_FORBIDDEN the last owner stays: nobody else could ever make one */
async function endUser(db: Database, person: string, { now, runsEndedBy }: Joining): Promise<void> {
  if (await isLastOwner(db, person)) {
    throw new ServerError("SERVER_FORBIDDEN", `\`${person}\` is the last owner, whom no directory ends`, {
      remedy: "make somebody else an owner first",
    });
  }
  const runsEnded = runsEndedBy === undefined ? undefined : toldBy(runsEndedBy, person);
  await endAccess(db, person, { now, runsEnded });
}

/** Who comes back has what groups give them now: what people gave before they left was for somebody who was there. */
async function startAnew(db: Database, person: string, now: number): Promise<void> {
  await db.deleteFrom("role_grant").where("to_type", "=", "Person").where("to_id", "=", person).execute();
  await db.deleteFrom("team_member").where("person", "=", person).execute();
  await db
    .updateTable("delegation")
    .set({ ended_at: now, ended_by: person })
    .where(({ or, eb }) => or([eb("to_person", "=", person), eb("from_person", "=", person)]))
    .where("ended_at", "is", null)
    .execute();
  await db.updateTable("person").set({ active: true }).where("id", "=", person).execute();
}

/** Ends their access, and that they are of the directory. Within a transaction. @throws ServerError SERVER_FORBIDDEN */
export async function deleteUser(db: Database, { row, attributes }: User, joining: Joining): Promise<void> {
  const { now } = joining;
  if (attributes.active) await endUser(db, row.person, joining);
  await db.deleteFrom("scim_member").where("person", "=", row.person).execute();
  const ended = attributes.active ? { ended_at: now } : {};
  await db
    .updateTable("scim_user")
    .set({ deleted_at: now, ...ended })
    .where("person", "=", row.person)
    .execute();
}

/** @throws ServerError SERVER_NOT_FOUND */
export async function findUser(db: Database, id: string, { forUpdate = false } = {}): Promise<User> {
  let asked = usersOf(db).where("scim_user.person", "=", id);
  if (forUpdate) asked = asked.forUpdate();
  const row = await asked.executeTakeFirst();
  if (row === undefined) throw new ServerError("SERVER_NOT_FOUND", "there is no such user");
  return userOf(row);
}

const COLUMNS = { id: "scim_user.person", userName: "user_name", externalId: "external_id" } as const;

export async function listUsers(
  db: Database,
  terms: readonly Term[],
  { startIndex, count }: Page,
): Promise<{ readonly users: readonly User[]; readonly total: number }> {
  let asked = usersOf(db);
  for (const { path, value } of terms) {
    const name = path.toLowerCase() === "id" ? "id" : attributeOf("User", path);
    if (name !== "id" && name !== "userName" && name !== "externalId") {
      throw invalid("users are found by `userName`, `externalId` and `id`");
    }
    asked =
      name === "userName"
        ? asked.where(({ eb, fn }) => eb(fn("lower", ["user_name"]), "=", String(value).toLowerCase()))
        : asked.where(COLUMNS[name], "=", String(value));
  }
  const { total } = await asked
    .clearSelect()
    .select(({ fn }) => fn.countAll().as("total"))
    .executeTakeFirstOrThrow();
  const rows = await asked
    .orderBy("scim_user.person")
    .offset(startIndex - 1)
    .limit(count)
    .execute();
  return { users: rows.map(userOf), total: Number(total) };
}

function usersOf(db: Database) {
  return db
    .selectFrom("scim_user")
    .innerJoin("person", "person.id", "scim_user.person")
    .selectAll("scim_user")
    .select("active")
    .where("deleted_at", "is", null);
}

const kept = z.record(z.string(), z.unknown());

function userOf({ active, ...row }: ScimUserRow & { readonly active: boolean }): User {
  const { user_name: userName, external_id: externalId, attributes } = row;
  return { row, attributes: { ...readUser({ ...kept.parse(JSON.parse(attributes)), userName, externalId }), active } };
}

function nameOf({ displayName, name, userName }: UserAttributes): string {
  const parts = [name?.givenName, name?.familyName].filter((part) => part !== undefined).join(" ");
  return displayName ?? name?.formatted ?? (parts === "" ? userName : parts);
}

function taken(): ServerError {
  return new ServerError("SERVER_CONFLICT", "there is somebody with this `userName` or `externalId`", {
    remedy: "find them by a filter",
  });
}

function endedHere(person: string): ServerError {
  return new ServerError("SERVER_FORBIDDEN", `the access of \`${person}\` was ended at this server`, {
    remedy: "ask an owner",
  });
}
