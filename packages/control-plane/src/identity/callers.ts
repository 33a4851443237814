import { isAccessAction, type AccessAction } from "@bailiwick/policy";
import { ServerError } from "../../contract/errors.ts";
import { verifyRequest, type SignedRequest } from "../../contract/signing.ts";
import { ifWritable } from "../store/takes-no-writes.ts";
import type { Database } from "../store/tables.ts";
import { readCookie } from "./cookies.ts";
import type { KnownHost } from "./known-hosts.ts";
import { hashSecret } from "./secrets.ts";
import { isCounting, sessionsOfPeople, useSession, type SessionSettings } from "./sessions.ts";

/** Who calls, as far as they have proven it. */
export interface Caller {
  readonly type: "Person" | "Token" | "Host";
  readonly id: string;
  /** Whose are the things that are "own": the person's, or the person's of the host. */
  readonly person: string | undefined;
  /** The token or session that was used. */
  readonly by: string | undefined;
  readonly limitedTo: readonly AccessAction[] | undefined;
  /** The browser's session, when it is by one. */
  readonly session?: string;
  /** When they last proved by more than a token that it is them; milliseconds since 1970. Absent: never, and what wants that is refused. */
  readonly verifiedAt?: number | undefined;
}

export interface IncomingRequest extends SignedRequest {
  readonly headers: Readonly<Record<string, string>>;
}

/** Who a host is, by its name; undefined when there is none, or it counts no longer. */
export type FindHost = (id: string) => Promise<Pick<KnownHost, "publicKey" | "person"> | undefined>;

/** @throws ServerError SERVER_UNKNOWN_CALLER, SERVER_SESSION_OVER, SERVER_CLOCK_SKEW, SERVER_FORBIDDEN */
export async function findCaller(
  db: Database,
  request: IncomingRequest,
  {
    now,
    settings,
    findHost,
  }: { readonly now: number; readonly settings: SessionSettings; readonly findHost: FindHost },
): Promise<Caller> {
  const { authorization, "signature-input": signature } = request.headers;
  const [, bearer] = /^Bearer ([A-Za-z0-9_-]{1,200})$/.exec(authorization ?? "") ?? [];
  const hasCookie = readCookie(request.headers, "session") !== undefined;
  // Two claims at once are none: which one counts would be for an attacker to choose.
  if ([authorization !== undefined, signature !== undefined, hasCookie].filter(Boolean).length > 1) {
    throw unknownCaller("it carries more than one of a token, a signature and a session");
  }
  if (bearer !== undefined) return await callerOfToken(db, bearer, now);
  if (signature !== undefined) return await callerOfSignature(request, findHost, now);
  if (hasCookie) {
    const { person, id, verified_at } = await useSession(db, request, { now, settings });
    const caller = { type: "Person", id: person, person, by: id, session: id, limitedTo: undefined } as const;
    return { ...caller, verifiedAt: verified_at ?? undefined };
  }
  throw unknownCaller("it carries neither a token, nor a signature, nor a session");
}

/** Whether the token or session that somebody came with counts still: for what goes on after its request was let in. */
export async function isStillKnown(
  db: Database,
  { by, type, id }: Caller,
  { now, settings }: { readonly now: number; readonly settings: SessionSettings },
): Promise<boolean> {
  if (type === "Host") {
    const host = await db.selectFrom("host").select("revoked_at").where("id", "=", id).executeTakeFirst();
    return host?.revoked_at === null;
  }
  const session = await sessionsOfPeople(db)
    .where("session.id", "=", by ?? "")
    .executeTakeFirst();
  // Who watches has not gone away: for that time no other request need say so.
  if (session !== undefined) return isCounting({ ...session, used_at: now }, now, settings);
  const token = await db
    .selectFrom("token")
    .leftJoin("person", "person.id", "token.person")
    .select(["expires_at", "revoked_at", "person", "active"])
    .where("token.id", "=", by ?? "")
    .executeTakeFirst();
  if (token === undefined || token.revoked_at !== null || token.expires_at <= now) return false;
  return token.person === null || token.active === true;
}

async function callerOfToken(db: Database, secret: string, now: number): Promise<Caller> {
  const row = await db
    .selectFrom("token")
    .leftJoin("person", "person.id", "token.person")
    .select(["token.id", "kind", "person", "actions", "expires_at", "revoked_at", "used_at", "active"])
    .where("hash", "=", hashSecret(secret))
    .executeTakeFirst();
  if (row === undefined || row.revoked_at !== null || row.expires_at <= now) {
    throw unknownCaller("its token is not known, was ended, or has expired");
  }
  if (row.kind !== "personal" && row.kind !== "service") throw unknownCaller("its token is for something else");
  if (row.kind === "personal" && row.active !== true) throw unknownCaller("the token's person has no access any more");
  // To the minute: what a token is used for is in the log; this is only to find those that nobody uses.
  if (row.used_at === null || now - row.used_at > 60_000) {
    await ifWritable(db.updateTable("token").set({ used_at: now }).where("id", "=", row.id).execute());
  }
  const limitedTo = row.actions?.filter(isAccessAction);
  return row.person === null
    ? { type: "Token", id: row.id, person: undefined, by: row.id, limitedTo }
    : { type: "Person", id: row.person, person: row.person, by: row.id, limitedTo };
}

async function callerOfSignature(request: IncomingRequest, findHost: FindHost, now: number): Promise<Caller> {
  let person: string | undefined;
  const verified = await verifyRequest(
    request,
    async (id) => {
      const host = await findHost(id);
      person = host?.person;
      return host?.publicKey;
    },
    now,
  );
  if (verified === "skewed") {
    throw new ServerError("SERVER_CLOCK_SKEW", "the request was signed at another time than the server's", {
      remedy: "set the host's clock",
    });
  }
  if (verified === "wrong") throw unknownCaller("its signature is not that of an enrolled host");
  return { type: "Host", id: verified.host, person, by: undefined, limitedTo: undefined };
}

function unknownCaller(why: string): ServerError {
  return new ServerError("SERVER_UNKNOWN_CALLER", `the server does not know who calls: ${why}`, {
    remedy: "sign in with `bailiwick login`, or enrol the host with `bailiwick enroll`",
  });
}
