/** Sessions of browsers, kept at the server: what a browser holds is worth nothing once its row has ended. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { ServerError } from "../../contract/errors.ts";
import { ifWritable } from "../store/takes-no-writes.ts";
import type { Database, SessionRow } from "../store/tables.ts";
import { clearCookie, readCookie, setCookie } from "./cookies.ts";
import { hashSecret, makeSecret } from "./secrets.ts";

export interface SessionSettings {
  /** Of the server as browsers see it; undefined: no browser signs in here. */
  readonly origin: string | undefined;
  /** Who does nothing for so long is signed out. */
  readonly idleMs: number;
  /** How long who signed in by a passkey stays so; where there is a provider its settings say it. */
  readonly hours: number;
}

/** To so much: each request would write otherwise. */
const NOTED_EVERY_MS = 60_000;
/** Rows that have ended are kept for so long. */
const KEPT_MS = 30 * 86_400_000;
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD"]);

export interface NewSession {
  readonly person: string;
  readonly now: number;
  readonly expiresAt: number;
  readonly verifiedAt: number | undefined;
}

/**
 * Always a new one, and the end of the one that the browser had: a cookie that somebody put there before the sign-in is never one that
 * is signed in (session fixation).
 * @param headers of the browser's request
 * @returns the values of `Set-Cookie`
 */
export async function openSession(
  db: Database,
  headers: Readonly<Record<string, string>>,
  { person, now, expiresAt, verifiedAt }: NewSession,
): Promise<string[]> {
  const { secret, hash, id } = makeSecret("session");
  const agent = (headers["user-agent"] ?? "").slice(0, 200);
  const before = readCookie(headers, "session");
  await db.transaction().execute(async (transaction) => {
    await transaction
      .deleteFrom("session")
      .where("expires_at", "<", now - KEPT_MS)
      .execute();
    if (before !== undefined) await endWhere(transaction, { hash: hashSecret(before) }, now);
    const times = { created_at: now, used_at: now, expires_at: expiresAt, verified_at: verifiedAt ?? null };
    await transaction
      .insertInto("session")
      .values({ id: id.replace(/^t-/, "s-"), hash, person, agent, ...times, ended_at: null })
      .execute();
  });
  return [setCookie("session", secret, (expiresAt - now) / 1000), clearCookie("signIn")];
}

/** What of a request says whether a browser's session may be used by it. */
interface BrowserRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The session of a browser that may make this request. @throws ServerError SERVER_UNKNOWN_CALLER, SERVER_SESSION_OVER, SERVER_FORBIDDEN */
export async function useSession(
  db: Database,
  request: BrowserRequest,
  { now, settings }: { readonly now: number; readonly settings: SessionSettings },
): Promise<SessionRow> {
  const secret = readCookie(request.headers, "session") ?? "";
  const row = await findSession(db, secret);
  if (row === undefined) {
    throw new ServerError("SERVER_UNKNOWN_CALLER", "the server does not know the browser's session", SIGN_IN);
  }
  if (!isCounting(row, now, settings)) {
    throw new ServerError("SERVER_SESSION_OVER", "the browser's session has ended", SIGN_IN);
  }
  requireSameSite(request, secret, settings);
  // It can only be said of one's own, and only makes it end sooner.
  const isLook = request.headers["x-bailiwick-looking"] !== undefined;
  if (!isLook && now - row.used_at > NOTED_EVERY_MS) {
    await ifWritable(db.updateTable("session").set({ used_at: now }).where("id", "=", row.id).execute());
  }
  return row;
}

const SIGN_IN = { remedy: "sign in again at `/auth`" };

async function findSession(db: Database, secret: string) {
  return await sessionsOfPeople(db).where("hash", "=", hashSecret(secret)).executeTakeFirst();
}

export function sessionsOfPeople(db: Database) {
  return db
    .selectFrom("session")
    .innerJoin("person", "person.id", "session.person")
    .selectAll("session")
    .select("active");
}

/** Whose the browser's session is, if it has one that counts: to be shown, never to decide by. */
export async function peekSession(
  db: Database,
  headers: Readonly<Record<string, string>>,
  { now, settings }: { readonly now: number; readonly settings: SessionSettings },
): Promise<SessionRow | undefined> {
  const secret = readCookie(headers, "session");
  const row = secret === undefined ? undefined : await findSession(db, secret);
  return row !== undefined && isCounting(row, now, settings) ? row : undefined;
}

export function isCounting(
  row: Pick<SessionRow, "ended_at" | "expires_at" | "used_at"> & { readonly active: boolean },
  now: number,
  { origin, idleMs }: SessionSettings,
): boolean {
  return (
    origin !== undefined && row.active && row.ended_at === null && row.expires_at > now && row.used_at + idleMs > now
  );
}

/**
 * A cookie goes along with whatever any page makes the browser send. So what changes something has to come from a page of this server,
 * by what the browser itself says (Fetch Metadata, or `Origin` where a browser has none), and to carry what only such a page can read.
 * What changes nothing is refused only to other sites, which could else learn from how long it takes.
 */
function requireSameSite({ method, headers }: BrowserRequest, secret: string, { origin }: SessionSettings): void {
  const { "sec-fetch-site": site, "x-bailiwick-csrf": carried = "" } = headers;
  const isSafe = SAFE.has(method);
  if (site !== undefined && site !== "same-origin" && !(isSafe && site === "none")) throw otherSite();
  if (isSafe) return;
  requireOwnPage(headers, { origin });
  const [expected, given] = [Buffer.from(csrfTokenOf(secret)), Buffer.from(carried)];
  if (expected.length === given.length && timingSafeEqual(expected, given)) return;
  throw new ServerError("SERVER_FORBIDDEN", "the request does not carry the session's `x-bailiwick-csrf`", {
    remedy: "take it from `GET /api/v1/session`",
  });
}

/**
 * What no session stands behind, and signs a browser in: a page of another site could else sign somebody in as somebody else.
 * @throws ServerError SERVER_FORBIDDEN
 */
export function requireOwnPage(
  { "sec-fetch-site": site, origin: from }: Readonly<Record<string, string>>,
  { origin }: Pick<SessionSettings, "origin">,
): void {
  if (site !== undefined && site !== "same-origin") throw otherSite();
  if (from === undefined ? site === undefined : from !== origin) throw otherSite();
}

function otherSite(): ServerError {
  return new ServerError("SERVER_FORBIDDEN", "the request comes from a page of another site", {
    remedy: "use the server's own pages, at the address of its `public-url`",
  });
}

/** Of the session and worth nothing without it, so that it need not be kept; from it nobody comes to what the cookie holds. */
export function csrfTokenOf(secret: string): string {
  return createHmac("sha256", secret).update("csrf").digest("base64url");
}

export async function endWhere(
  db: Database,
  which: { readonly id: string; readonly person: string } | { readonly person: string } | { readonly hash: Uint8Array },
  now: number,
): Promise<number> {
  let ending = db.updateTable("session").set({ ended_at: now }).where("ended_at", "is", null);
  if ("hash" in which) ending = ending.where("hash", "=", which.hash);
  if ("person" in which) ending = ending.where("person", "=", which.person);
  if ("id" in which) ending = ending.where("id", "=", which.id);
  return Number((await ending.executeTakeFirstOrThrow()).numUpdatedRows);
}
