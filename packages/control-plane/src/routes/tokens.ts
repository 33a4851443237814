import { isAccessAction } from "@bailiwick/policy";
import { ServerError } from "../../contract/errors.ts";
import { COMPANY } from "../access/authority.ts";
import { hashSecret, makeSecret } from "../identity/secrets.ts";
import type { Database, TokenRow } from "../store/tables.ts";
import type { Handlers, Server } from "./handler.ts";
import { addGrant, notFound, requireAccess } from "./people.ts";

/** The token that set-up gives: long enough to sign in another way or to make others. */
const FIRST_TOKEN_MS = 30 * 86_400_000;

export const tokens = {
  setUp: async (server, { body: { token, id, name } }) => {
    const { db, journal, now } = server;
    const made = makeSecret("personal");
    const expiresAt = now() + FIRST_TOKEN_MS;
    await db.transaction().execute(async (transaction) => {
      await useOnce(transaction, token, { kind: "setup", now: now() });
      await transaction.insertInto("person").values({ id, name, created_at: now() }).execute();
      const scope = { type: "Company", id: COMPANY.id } as const;
      const to = { type: "Person", id } as const;
      await addGrant({ db: transaction, now }, { to, role: "owner", scope, expiresAt: null, by: id });
      await insertToken(transaction, {
        ...made,
        kind: "personal",
        name: "set-up",
        person: id,
        actions: null,
        now: now(),
        expiresAt,
      });
    });
    await journal.note({ type: "identity.changed", what: "set up", whom: id });
    return { id: made.id, secret: made.secret, expiresAt };
  },

  listTokens: async ({ db }) => {
    const rows = await db.selectFrom("token").selectAll().where("kind", "!=", "setup").orderBy("created_at").execute();
    return { items: rows.map(tokenOf) };
  },

  issueToken: async (server, { caller, params: { person }, body }) => {
    requireKnown(body.actions);
    // A token that is for little can't make one that is for more.
    const wider = body.actions.find((action) => caller.limitedTo?.some((own) => own === action) === false);
    if (wider !== undefined) {
      throw new ServerError("SERVER_FORBIDDEN", `the token that asks is itself not for \`${wider}\``, {
        remedy: "sign in by one that is",
      });
    }
    await requireAccess(server.db, person);
    return await issue(server, { ...body, kind: "personal", person });
  },

  issueServiceToken: async (server, { body }) => {
    requireKnown(body.actions);
    return await issue(server, { ...body, kind: "service", person: null });
  },

  revokeToken: async ({ db, now }, { params: { token } }) => {
    const ended = await db
      .updateTable("token")
      .set({ revoked_at: now() })
      .where("id", "=", token)
      .where("revoked_at", "is", null)
      .executeTakeFirstOrThrow();
    if (ended.numUpdatedRows === 0n) throw notFound(`there is no token \`${token}\` that counts`);
    return undefined;
  },

  invite: async ({ db, now }, { body: { person, expiresInS } }) => {
    const made = makeSecret("enrolment");
    const expiresAt = now() + expiresInS * 1000;
    await insertToken(db, {
      ...made,
      kind: "enrolment",
      name: "enrolment",
      person,
      actions: null,
      now: now(),
      expiresAt,
    });
    return { id: made.id, secret: made.secret, expiresAt };
  },
} as const satisfies Partial<Handlers>;

function requireKnown(actions: readonly string[]): void {
  const unknown = actions.find((action) => !isAccessAction(action));
  if (unknown === undefined) return;
  throw new ServerError("SERVER_MALFORMED", `there is no action \`${unknown}\``, {
    remedy: "see `bailiwick access roles`",
  });
}

interface Issue {
  readonly kind: "personal" | "service";
  readonly name: string;
  readonly person: string | null;
  readonly actions: readonly string[];
  readonly expiresInS: number;
}

async function issue({ db, now }: Server, { kind, name, person, actions, expiresInS }: Issue) {
  const made = makeSecret(kind);
  const expiresAt = now() + expiresInS * 1000;
  await insertToken(db, { ...made, kind, name, person, actions: [...actions], now: now(), expiresAt });
  return { id: made.id, secret: made.secret, expiresAt };
}

export async function insertToken(
  db: Database,
  token: Pick<TokenRow, "id" | "kind" | "hash" | "name" | "person" | "actions"> & {
    readonly now: number;
    readonly expiresAt: number;
  },
): Promise<void> {
  const { id, kind, hash, name, person, actions, now, expiresAt } = token;
  await db
    .insertInto("token")
    .values({ id, kind, hash, name, person, actions, created_at: now, expires_at: expiresAt })
    .execute();
}

/** Uses a one-time token up, or throws; of two who use it at once, one has it. @returns whose it is @throws ServerError SERVER_TOKEN_INVALID */
export async function useOnce(
  db: Database,
  secret: string,
  { kind, now }: { readonly kind: "setup" | "enrolment" | "invitation"; readonly now: number },
): Promise<{ readonly person: string | null }> {
  const used = await db
    .updateTable("token")
    .set({ used_at: now, revoked_at: now })
    .where("hash", "=", hashSecret(secret))
    .where("kind", "=", kind)
    .where("revoked_at", "is", null)
    .where("expires_at", ">", now)
    .returning("person")
    .executeTakeFirst();
  if (used !== undefined) return used;
  throw new ServerError("SERVER_TOKEN_INVALID", "the token was used, has expired, or never was", {
    remedy: kind === "setup" ? "take the one that the server printed at its last start" : "ask for another one",
  });
}

function tokenOf(row: TokenRow) {
  const { id, name, person, actions, created_at, expires_at, used_at, revoked_at } = row;
  return {
    id,
    name,
    ...(person !== null && { person }),
    ...(actions !== null && { actions }),
    createdAt: created_at,
    expiresAt: expires_at,
    ...(used_at !== null && { lastUsedAt: used_at }),
    ...(revoked_at !== null && { revokedAt: revoked_at }),
  };
}
