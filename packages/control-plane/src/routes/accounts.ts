import { createHash, randomBytes } from "node:crypto";
import { ServerError } from "../../contract/errors.ts";
import { decideDevice, requireDevice } from "../accounts/device.ts";
import { requireLocal, signInBrowser } from "../accounts/local.ts";
import { readCookie, setCookie } from "../identity/cookies.ts";
import { hashSecret, makeSecret } from "../identity/secrets.ts";
import { requireOwnPage } from "../identity/sessions.ts";
import { scriptPage } from "../pages/script-page.ts";
import { CHALLENGE_MS, MAKING, type About } from "../passkeys/challenges.ts";
import { finishMaking, keepPasskey, passkeysOf, startMaking } from "../passkeys/make.ts";
import { finishProving, startProving } from "../passkeys/prove.ts";
import type { Handlers, Server } from "./handler.ts";
import { conflict, requireAccess } from "./people.ts";
import { askProof, proveBy, sessionOfBrowser } from "./proofs.ts";
import { ownerOf } from "./sessions.ts";
import { insertToken, useOnce } from "./tokens.ts";

const SIGNING_IN: About = { for: "signing in" };

export const accounts = {
  invitePerson: async (server, { caller, params: { person }, body: { expiresInS } }) => {
    const { db, now } = server;
    const { origin } = requireLocal(server);
    // Who is invited can do all that they may: a token that is for little must not make that.
    const inviter = ownerOf(caller);
    if (inviter === person && (await passkeysOf(db, person)).length > 0) {
      throw conflict("you have a passkey already", "add another by that one, at `/passkeys`");
    }
    await requireAccess(db, person);
    const { id, secret, hash } = makeSecret("invitation");
    const expiresAt = now() + expiresInS * 1000;
    await db.transaction().execute(async (transaction) => {
      await transaction
        .updateTable("token")
        .set({ revoked_at: now() })
        .where("person", "=", person)
        .where("kind", "=", "invitation")
        .where("revoked_at", "is", null)
        .execute();
      const token = { id, hash, kind: "invitation", name: "invitation", person, actions: null } as const;
      await insertToken(transaction, { ...token, now: now(), expiresAt });
    });
    // What stands after `#` is told to no server, and so in no proxy's log.
    return { id, url: `${origin}/invitation#${secret}`, expiresAt };
  },

  invitationPage: async () => await scriptPage("Join Bailiwick", "invitation"),

  startInvitation: async (server, { body: { token } }) => {
    const party = requireLocal(server);
    const { id, person, name } = await findInvitation(server, token);
    const asking = { browser: id, about: MAKING, now: server.now() };
    const options = await startMaking(server.db, party, { id: person, name }, asking);
    return { person, name, options };
  },

  acceptInvitation: async (server, { body: { token, name, made }, headers }) => {
    const { db, journal, now } = server;
    const party = requireLocal(server);
    requireOwnPage(headers, server.sessions);
    const { id, person } = await findInvitation(server, token);
    const asking = { browser: id, about: MAKING, now: now() };
    const row = await finishMaking(db, { party, asking }, { person, name, made });
    await useOnce(db, token, { kind: "invitation", now: now() });
    await journal.note({ type: "passkey.added", id: row.id, credential: row.credential, whom: person, by: person });
    await keepPasskey(db, row);
    return await signInBrowser(server, person, { headers, what: "accepted an invitation" });
  },

  passkeySignInPage: async () => await scriptPage("Sign in to Bailiwick", "sign-in"),

  startPasskeySignIn: async (server) => {
    const secret = randomBytes(32).toString("base64url");
    const asking = { browser: browserOf(secret), about: SIGNING_IN, now: server.now() };
    const answer = await startProving(server.db, requireLocal(server), "any", asking);
    return { answer, cookies: [setCookie("signIn", secret, CHALLENGE_MS / 1000)] };
  },

  finishPasskeySignIn: async (server, { body: { proof }, headers }) => {
    const party = requireLocal(server);
    requireOwnPage(headers, server.sessions);
    const browser = browserOf(readCookie(headers, "signIn") ?? "");
    const asking = { browser, about: SIGNING_IN, now: server.now() };
    const { person } = await finishProving(server.db, { party, asking, person: undefined }, proof);
    return await signInBrowser(server, person, { headers, what: "signed in by a passkey" });
  },

  devicePage: async () => await scriptPage("A device signs in", "device"),

  startConfirming: async (server, { caller, params: { code } }) => {
    const { db, now } = server;
    requireLocal(server);
    // Before the code: a token learns nothing of what devices show.
    sessionOfBrowser(caller);
    await requireDevice(db, code, now());
    return await askProof(server, caller, { for: "a device", code });
  },

  confirmDevice: async (server, { caller, params: { code }, body: { proof } }) => {
    const { db, now } = server;
    requireLocal(server);
    await proveBy(server, caller, { for: "a device", code }, proof);
    await decideDevice(db, code, { person: caller.id, now: now() });
    return undefined;
  },

  denyDevice: async (server, { caller, params: { code } }) => {
    requireLocal(server);
    sessionOfBrowser(caller);
    await decideDevice(server.db, code, { person: undefined, now: server.now() });
    return undefined;
  },
} as const satisfies Partial<Handlers>;

/** In the place of a session: the browser that began has this cookie, and no other. */
function browserOf(secret: string): string {
  return `sign-in ${createHash("sha256").update(secret).digest("hex")}`;
}

/** @throws ServerError SERVER_TOKEN_INVALID; it says the same of what never was, was used, or is over */
async function findInvitation({ db, now }: Server, secret: string) {
  const row = await db
    .selectFrom("token")
    .innerJoin("person", "person.id", "token.person")
    .select(["token.id", "person.id as person", "person.name"])
    .where("hash", "=", hashSecret(secret))
    .where("kind", "=", "invitation")
    .where("revoked_at", "is", null)
    .where("expires_at", ">", now())
    .where("active", "=", true)
    .executeTakeFirst();
  if (row !== undefined) return row;
  throw new ServerError("SERVER_TOKEN_INVALID", "the invitation was used, has expired, or never was", {
    remedy: "ask whoever invited you for another one",
  });
}
