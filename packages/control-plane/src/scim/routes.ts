import { ServerError } from "../../contract/errors.ts";
import type { Caller } from "../identity/callers.ts";
import { orderEnd } from "../identity/end-access.ts";
import type { Handlers, ScimAnswer, Server } from "../routes/handler.ts";
import { lockServer } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import {
  readGroup,
  readUser,
  type Attributes,
  type GroupAttributes,
  type Kind,
  type UserAttributes,
} from "./attributes.ts";
import { CONFIG, RESOURCE_TYPES, SCHEMAS } from "./discovery.ts";
import { parseFilter, type Term } from "./filter.ts";
import { addGroup, changeGroup, deleteGroup, findGroup, listGroups, type Group } from "./groups.ts";
import { applyPatch } from "./patch.ts";
import { etagOf, isNamed, listOf, locationOf, requireVersion, resourceOf, show, type Shown } from "./resources.ts";
import { addUser, changeUser, deleteUser, findUser, listUsers, type User } from "./users.ts";

type Headers = Readonly<Record<string, string>>;

export const scim = {
  scimConfig: () => Promise.resolve({ status: 200, body: CONFIG }),
  scimResourceTypes: () => Promise.resolve(all(RESOURCE_TYPES)),
  scimResourceType: (_, { params: { id } }) => Promise.resolve(one(RESOURCE_TYPES, id)),
  scimSchemas: () => Promise.resolve(all(SCHEMAS)),
  scimSchema: (_, { params: { id } }) => Promise.resolve(one(SCHEMAS, id)),

  scimListUsers: async (server, { query: { filter, startIndex, count, ...shown } }) => {
    const { users, total } = await listUsers(server.db, termsOf(filter), { startIndex, count });
    const resources = users.map((user) => show("User", describeUser(server, user), shown));
    return listOf(resources, total, { startIndex, count });
  },

  scimAddUser: async (server, { caller, body }) => {
    const attributes = readUser(body);
    const user = await inTransaction(server, (db) => addUser(db, attributes, joining(server, caller)));
    const what = user.attributes.active ? "provisioned" : "provisioned without access";
    await note(server, caller, what, user.row.person);
    return created("User", describeUser(server, user), user.row.version);
  },

  scimShowUser: async (server, { params: { id }, query, headers }) => {
    const user = await findUser(server.db, id);
    return shown("User", describeUser(server, user), { version: user.row.version, query, headers });
  },

  scimReplaceUser: async (server, { caller, params: { id }, query, body, headers }) => {
    const next = readUser(body);
    return await updateUser(server, { id, caller, query, headers }, () => next);
  },

  scimPatchUser: async (server, { caller, params: { id }, query, body, headers }) =>
    await updateUser(server, { id, caller, query, headers }, ({ attributes }) =>
      readUser(applyPatch("User", attributes, body)),
    ),

  scimDeleteUser: async (server, { caller, params: { id }, headers }) => {
    await inTransaction(server, async (db) => {
      const user = await findUser(db, id, { forUpdate: true });
      requireVersion(headers, user.row.version);
      await deleteUser(db, user, joining(server, caller));
    });
    await noteEnd(server, caller, id);
    return { status: 204 };
  },

  scimListGroups: async (server, { query: { filter, startIndex, count, ...shown } }) => {
    const { groups, total } = await listGroups(server.db, termsOf(filter), { startIndex, count });
    const resources = groups.map((group) => show("Group", describeGroup(server, group), shown));
    return listOf(resources, total, { startIndex, count });
  },

  scimAddGroup: async (server, { caller, body }) => {
    const attributes = readGroup(body);
    const group = await inTransaction(server, (db) => addGroup(db, attributes, joining(server, caller)));
    await note(server, caller, "group made by the directory", group.row.id);
    return created("Group", describeGroup(server, group), group.row.version);
  },

  scimShowGroup: async (server, { params: { id }, query, headers }) => {
    const group = await findGroup(server.db, id);
    return shown("Group", describeGroup(server, group), { version: group.row.version, query, headers });
  },

  scimReplaceGroup: async (server, { caller, params: { id }, query, body, headers }) => {
    const next = readGroup(body);
    return await updateGroup(server, { id, caller, query, headers }, () => next);
  },

  scimPatchGroup: async (server, { caller, params: { id }, query, body, headers }) =>
    await updateGroup(server, { id, caller, query, headers }, ({ attributes }) =>
      readGroup(applyPatch("Group", attributes, body)),
    ),

  scimDeleteGroup: async (server, { caller, params: { id }, headers }) => {
    await inTransaction(server, async (db) => {
      const group = await findGroup(db, id, { forUpdate: true });
      requireVersion(headers, group.row.version);
      await deleteGroup(db, group, joining(server, caller));
    });
    await note(server, caller, "group ended by the directory", id);
    return { status: 204 };
  },
} as const satisfies Partial<Handlers>;

interface Update {
  readonly id: string;
  readonly caller: Caller;
  readonly query: Shown;
  readonly headers: Headers;
}

async function updateUser(
  server: Server,
  { id, caller, query, headers }: Update,
  change: (user: User) => UserAttributes,
): Promise<ScimAnswer> {
  const { was, user } = await inTransaction(server, async (db) => {
    const found = await findUser(db, id, { forUpdate: true });
    requireVersion(headers, found.row.version);
    return { was: found.attributes.active, user: await changeUser(db, found, change(found), joining(server, caller)) };
  });
  const { active } = user.attributes;
  if (was && !active) await noteEnd(server, caller, id);
  else await note(server, caller, was === active ? "changed by the directory" : "given back access", id);
  return shown("User", describeUser(server, user), { version: user.row.version, query, headers: {} });
}

async function updateGroup(
  server: Server,
  { id, caller, query, headers }: Update,
  change: (group: Group) => GroupAttributes,
): Promise<ScimAnswer> {
  const group = await inTransaction(server, async (db) => {
    const found = await findGroup(db, id, { forUpdate: true });
    requireVersion(headers, found.row.version);
    return await changeGroup(db, found, change(found), joining(server, caller));
  });
  await note(server, caller, "group changed by the directory", id);
  return shown("Group", describeGroup(server, group), { version: group.row.version, query, headers: {} });
}

async function inTransaction<T>({ db }: Server, change: (db: Database) => Promise<T>): Promise<T> {
  return await db.transaction().execute(async (transaction) => {
    // As everybody else who looks whether an owner is left.
    await lockServer(transaction);
    return await change(transaction);
  });
}

function joining({ provider, now, leavers }: Server, { id }: Caller) {
  const runsEndedBy = leavers.endRuns ? id : undefined;
  return { issuer: provider?.config.issuer, rules: provider?.config.groups ?? [], now: now(), runsEndedBy };
}

async function noteEnd(server: Server, caller: Caller, person: string): Promise<void> {
  await note(server, caller, "ended by the directory", person);
  if (server.leavers.endRuns) await orderEnd(server.journal, caller.id, person);
}

async function note({ journal }: Server, caller: Caller, what: string, whom: string): Promise<void> {
  await journal.note({ type: "identity.changed", what: `${what} (by ${caller.id})`, whom });
}

function describeUser({ sessions: { origin = "" } }: Server, { row, attributes }: User): Attributes {
  const meta = { id: row.person, version: row.version, createdAt: row.created_at, changedAt: row.changed_at };
  return resourceOf("User", attributes, meta, origin);
}

function describeGroup({ sessions: { origin = "" } }: Server, { row, attributes }: Group): Attributes {
  const meta = { id: row.id, version: row.version, createdAt: row.created_at, changedAt: row.changed_at };
  const members = attributes.members.map(({ value }) => ({ value, $ref: locationOf("User", value, origin) }));
  return resourceOf("Group", { ...attributes, members }, meta, origin);
}

function created(kind: Kind, resource: Attributes, version: number): ScimAnswer {
  const { id } = resource;
  const headers = { etag: etagOf(version), location: locationOf(kind, String(id), "") };
  return { status: 201, body: resource, headers };
}

function shown(
  kind: Kind,
  resource: Attributes,
  { version, query, headers }: { readonly version: number; readonly query: Shown; readonly headers: Headers },
): ScimAnswer {
  const etag = { etag: etagOf(version) };
  const { "if-none-match": known } = headers;
  if (known !== undefined && isNamed(known, version)) return { status: 304, headers: etag };
  return { status: 200, body: show(kind, resource, query), headers: etag };
}

function termsOf(filter: string | undefined): readonly Term[] {
  return filter === undefined ? [] : parseFilter(filter);
}

function all(described: readonly Attributes[]): ScimAnswer {
  return listOf(described, described.length, { startIndex: 1, count: described.length });
}

function one(described: readonly Attributes[], id: string): ScimAnswer {
  const found = described.find((each) => each["id"] === id);
  if (found === undefined) throw new ServerError("SERVER_NOT_FOUND", "there is no such description");
  return { status: 200, body: found };
}
