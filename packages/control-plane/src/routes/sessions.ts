import { sql } from "kysely";
import { ServerError } from "../../contract/errors.ts";
import type { AnswerOf } from "../../contract/routes.ts";
import { requireLocal } from "../accounts/local.ts";
import { admit } from "../identity/admit.ts";
import { beginSignIn, finishSignIn, SIGN_IN_MS } from "../identity/browser-sign-in.ts";
import type { Caller } from "../identity/callers.ts";
import { readCookie, setCookie } from "../identity/cookies.ts";
import {
  csrfTokenOf,
  endWhere,
  isCounting,
  peekSession,
  sessionsOfPeople,
  openSession,
  type SessionSettings,
} from "../identity/sessions.ts";
import { signInPage } from "../pages/sign-in-page.ts";
import type { SessionRow } from "../store/tables.ts";
import type { Handlers, Server } from "./handler.ts";
import { notFound } from "./people.ts";
import { requireProvider } from "./sign-ins.ts";

export const sessions = {
  signInPage: async ({ db, now, sessions: settings, provider }, { headers, query: { to } }) => {
    const open = await peekSession(db, headers, { now: now(), settings });
    const by = settings.origin === undefined ? undefined : provider === undefined ? "passkey" : "provider";
    return await signInPage({ person: open?.person, by, to });
  },

  startBrowserSignIn: async (server, { query: { to, fresh }, headers }) => {
    const { db, now } = server;
    // A page of another site could else have its visitors signed in, anew or as whom the provider takes them for, without their knowing.
    const site = headers["sec-fetch-site"];
    if (site === "cross-site" || site === "same-site") {
      return { location: `/auth?${new URLSearchParams({ to }).toString()}`, cookies: [] };
    }
    if (server.provider === undefined) {
      requireLocal(server);
      return { location: `/auth/passkey?${new URLSearchParams({ to }).toString()}`, cookies: [] };
    }
    const provider = requireProvider(server);
    const begin = { returnTo: to, fresh: fresh === "true", callback: callbackOf(server), now: now() };
    const { location, secret } = await beginSignIn(db, provider, begin);
    return { location, cookies: [setCookie("signIn", secret, SIGN_IN_MS / 1000)] };
  },

  finishBrowserSignIn: async (server, { query, headers }) => {
    const { db, journal } = server;
    const provider = requireProvider(server);
    const secret = readCookie(headers, "signIn");
    const now = server.now();
    const begun = { secret, callback: callbackOf(server), now };
    const { vouched, verifiedAt, returnTo } = await finishSignIn({ db, provider }, query, begun);
    const { groups, "session-hours": hours } = provider.config;
    const expiresAt = now + hours * 3_600_000;
    const person = await admit(db, vouched, { groups, now, until: expiresAt });
    await journal.note({ type: "identity.changed", what: "signed in by a browser", whom: person });
    return { location: returnTo, cookies: await openSession(db, headers, { person, now, expiresAt, verifiedAt }) };
  },

  session: async ({ sessions: settings, ...server }, { caller, headers }) => {
    const { db, authority } = server;
    const grants = await authority.grantsOf(caller);
    const actions = new Set(grants.flatMap(({ role }) => [...role.any, ...role.own]));
    const { limitedTo } = caller;
    const person = await db
      .selectFrom("person")
      .select("name")
      .where("id", "=", caller.person ?? "")
      .executeTakeFirst();
    const row = await db
      .selectFrom("session")
      .selectAll()
      .where("id", "=", caller.by ?? "")
      .executeTakeFirst();
    const secret = readCookie(headers, "session");
    const { rows } = await sql<{ on: string }>`select current_setting('transaction_read_only') as on`.execute(db);
    return {
      type: caller.type,
      id: caller.id,
      ...(person !== undefined && { name: person.name }),
      ...(rows[0]?.on === "on" && { readOnly: true as const }),
      actions: [...actions].filter((action) => limitedTo?.includes(action) ?? true).sort(),
      ...(row !== undefined &&
        secret !== undefined && { csrfToken: csrfTokenOf(secret), session: sessionOf(row, row.id, settings) }),
    };
  },

  signOut: async ({ db, journal, now }, { caller }) => {
    const ended = await endWhere(db, { id: caller.by ?? "", person: caller.id }, now());
    if (ended === 0) throw notFound("the caller has no browser session: tokens end by `revokeToken`");
    await journal.note({ type: "identity.changed", what: "signed out", whom: caller.id });
    return undefined;
  },

  listSessions: async ({ db, now, sessions: settings }, { caller, query: { limit } }) => {
    const rows = await sessionsOfPeople(db)
      .where("person.id", "=", ownerOf(caller))
      .orderBy("session.created_at", "desc")
      .limit(limit)
      .execute();
    const counting = rows.filter((row) => isCounting(row, now(), settings));
    return { items: counting.map((row) => sessionOf(row, caller.by, settings)) };
  },

  endSession: async ({ db, journal, now }, { caller, params: { session } }) => {
    const ended = await endWhere(db, { id: session, person: ownerOf(caller) }, now());
    if (ended === 0) throw notFound(`the caller has no session \`${session}\``);
    await journal.note({ type: "identity.changed", what: "ended a session", whom: caller.id });
    return undefined;
  },

  endSessions: async ({ db, now }, { params: { person } }) => {
    const known = await db.selectFrom("person").select("id").where("id", "=", person).executeTakeFirst();
    if (known === undefined) throw notFound(`there is no person \`${person}\``);
    await db.transaction().execute(async (transaction) => {
      await endWhere(transaction, { person }, now());
      // Those that somebody signed in for have no list of actions; what was made for a machine has one, and stays.
      await transaction
        .updateTable("token")
        .set({ revoked_at: now() })
        .where("person", "=", person)
        .where("kind", "=", "personal")
        .where("actions", "is", null)
        .where("revoked_at", "is", null)
        .execute();
    });
    return undefined;
  },
} as const satisfies Partial<Handlers>;

/** Never made from what a request says its host is: that is anybody's to choose. */
function callbackOf({ sessions: { origin } }: Server): URL {
  if (origin !== undefined) return new URL("/auth/callback", origin);
  throw new ServerError("SERVER_NOT_FOUND", "browsers can't sign in here: the server does not know its own address", {
    remedy: "set `public-url` in the file of `bailiwick serve --config`",
  });
}

/** A token that is for little is not for its person's sessions and passkeys. */
export function ownerOf({ type, person, limitedTo }: Caller): string {
  if (type === "Person" && person !== undefined && limitedTo === undefined) return person;
  throw new ServerError("SERVER_FORBIDDEN", "sessions and passkeys are for people who are signed in", {
    remedy: "sign in by a browser, or with `bailiwick login`",
  });
}

function sessionOf(
  row: SessionRow,
  current: string | undefined,
  { idleMs }: Pick<SessionSettings, "idleMs">,
): AnswerOf<"listSessions">["items"][number] {
  return {
    id: row.id,
    agent: row.agent,
    createdAt: row.created_at,
    lastUsedAt: row.used_at,
    expiresAt: row.expires_at,
    endsAt: Math.min(row.expires_at, row.used_at + idleMs),
    ...(row.verified_at !== null && { verifiedAt: row.verified_at }),
    current: row.id === current,
  };
}
