import { ServerError } from "../../contract/errors.ts";
import type { AnswerOf } from "../../contract/routes.ts";
import type { Caller } from "../identity/callers.ts";
import { endWhere } from "../identity/sessions.ts";
import { scriptPage } from "../pages/script-page.ts";
import { MAKING } from "../passkeys/challenges.ts";
import { finishMaking, keepPasskey, passkeysOf, startMaking } from "../passkeys/make.ts";
import { relyingPartyOf } from "../passkeys/relying-party.ts";
import type { PasskeyRow } from "../store/tables.ts";
import type { Handlers, Server } from "./handler.ts";
import { conflict, notFound } from "./people.ts";
import { askProof, proveBy, sessionOfBrowser } from "./proofs.ts";
import { ownerOf } from "./sessions.ts";

/** Who has none yet has proven to the provider, not longer ago, that it is them: a session alone may be a thief's. */
const FIRST_MS = 10 * 60_000;
const FIRST_MINUTES = FIRST_MS / 60_000;

export const passkeys = {
  passkeysPage: async () => await scriptPage("Passkeys", "passkeys"),

  listPasskeys: async ({ db }, { caller }) => ({ items: (await passkeysOf(db, ownerOf(caller))).map(passkeyOf) }),

  startProof: async (server, { caller, body }) => {
    return await askProof(server, caller, body);
  },

  startPasskey: async (server, { caller, body: { proof } }) => {
    const { db } = server;
    const party = relyingPartyOf(server.sessions);
    const browser = sessionOfBrowser(caller);
    const { id, name } = await db
      .selectFrom("person")
      .select(["id", "name"])
      .where("id", "=", caller.id)
      .executeTakeFirstOrThrow();
    if (proof !== undefined) await proveBy(server, caller, { for: "adding" }, proof);
    else if ((await passkeysOf(db, id)).length > 0) {
      throw new ServerError("SERVER_PROOF_NEEDED", "another passkey is added by one that is there already", {
        remedy: "prove it with that one; who has lost it asks an owner",
      });
    } else requireFresh(server, caller);
    // INVARIANT(permitted-to-add): a challenge for `making` is there only after one of these.
    return await startMaking(db, party, { id, name }, { browser, about: MAKING, now: server.now() });
  },

  addPasskey: async (server, { caller, body: { name, made } }) => {
    const { db, journal } = server;
    const asking = { browser: sessionOfBrowser(caller), about: MAKING, now: server.now() };
    const party = relyingPartyOf(server.sessions);
    const person = caller.id;
    const row = await finishMaking(db, { party, asking }, { person, name, made });
    await journal.note({ type: "passkey.added", ...namesOf(row), by: caller.id });
    await keepPasskey(db, row);
    return passkeyOf(row);
  },

  renamePasskey: async ({ db }, { caller, params: { passkey }, body: { name } }) => {
    const row = await db
      .updateTable("passkey")
      .set({ name })
      .where("id", "=", passkey)
      .where("person", "=", ownerOf(caller))
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw notFound(`the caller has no passkey \`${passkey}\``);
    return passkeyOf(row);
  },

  removePasskey: async (server, { caller, params: { passkey }, body: { proof } }) => {
    const { db, journal, provider } = server;
    await proveBy(server, caller, { for: "removing", passkey }, proof);
    if (provider === undefined && (await passkeysOf(db, caller.id)).length < 2) {
      throw conflict("it is the only one, and without it you could not sign in", "add another one first");
    }
    const row = await db
      .deleteFrom("passkey")
      .where("id", "=", passkey)
      .where("person", "=", caller.id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw notFound(`the caller has no passkey \`${passkey}\``);
    await journal.note({ type: "passkey.removed", ...namesOf(row), by: caller.id });
    return undefined;
  },

  removePasskeys: async ({ db, journal, now }, { caller, params: { person } }) => {
    // Else a token would be enough to be rid of those that guard one's own, and to begin anew.
    if (caller.person === person) throw conflict("these are your own", "remove them at `/passkeys`");
    const rows = await db.transaction().execute(async (transaction) => {
      await endWhere(transaction, { person }, now());
      return await transaction.deleteFrom("passkey").where("person", "=", person).returningAll().execute();
    });
    for (const row of rows) await journal.note({ type: "passkey.removed", ...namesOf(row), by: caller.id });
    return undefined;
  },
} as const satisfies Partial<Handlers>;

function requireFresh({ now, sessions: { origin } }: Server, { verifiedAt }: Caller): void {
  if (verifiedAt !== undefined && verifiedAt >= now() - FIRST_MS) return;
  const why = `the first passkey is added within ${String(FIRST_MINUTES)} minutes of proving to the identity provider that it is you`;
  throw new ServerError("SERVER_PROOF_NEEDED", why, {
    remedy: `prove it: \`${origin ?? ""}/auth/start?fresh=true&to=/passkeys\``,
  });
}

function namesOf({ id, credential, person }: PasskeyRow) {
  return { id, credential, whom: person };
}

function passkeyOf(row: PasskeyRow): AnswerOf<"addPasskey"> {
  const { id, name, credential, aaguid, transports, backed_up, made_at, used_at } = row;
  return {
    ...{ id, name, credential, aaguid, transports, backedUp: backed_up, createdAt: made_at },
    ...(used_at !== null && { lastUsedAt: used_at }),
  };
}
