/**
 * Signing a browser in at the identity provider: the authorization code flow with PKCE (RFC 6749, 7636; OpenID Connect Core, 3.1). What
 * was begun is kept here under the hash of a cookie that the browser got, so that a browser that did not begin can't finish: otherwise
 * somebody could sign others in as themselves and read what those then do.
 */
import { randomBytes } from "node:crypto";
import { ServerError } from "../../contract/errors.ts";
import type { Database } from "../store/tables.ts";
import type { BrowserAnswer, Provider, Vouched } from "./provider.ts";
import { hashSecret } from "./secrets.ts";

/** How long somebody may take at the provider. */
export const SIGN_IN_MS = 10 * 60_000;
/** Clocks of server and provider may differ by so much. */
const TOLERANCE_MS = 30_000;

interface Begin {
  readonly returnTo: string;
  readonly fresh: boolean;
  readonly callback: URL;
  readonly now: number;
}

/** @returns where the browser goes, and what its cookie is to hold @throws ServerError SERVER_PROVIDER_FAILED */
export async function beginSignIn(
  db: Database,
  provider: Provider,
  { returnTo, fresh, callback, now }: Begin,
): Promise<{ readonly location: string; readonly secret: string }> {
  const secret = randomBytes(32).toString("base64url");
  const { url, ...kept } = await provider.startBrowser({ callback, fresh });
  await db.deleteFrom("browser_sign_in").where("expires_at", "<=", now).execute();
  await db
    .insertInto("browser_sign_in")
    .values({
      ...{ hash: hashSecret(secret), ...kept, return_to: returnTo, fresh },
      ...{ begun_at: now, expires_at: now + SIGN_IN_MS },
    })
    .execute();
  return { location: url.href, secret };
}

export interface FinishedSignIn {
  readonly vouched: Vouched;
  readonly verifiedAt: number | undefined;
  readonly returnTo: string;
}

/**
 * Uses up what the browser began, whatever comes of it.
 * @param secret what its cookie holds
 * @throws ServerError SERVER_TOKEN_INVALID, SERVER_PROVIDER_FAILED
 */
export async function finishSignIn(
  { db, provider }: { readonly db: Database; readonly provider: Provider },
  answer: BrowserAnswer & { readonly state: string },
  { secret, callback, now }: { readonly secret: string | undefined; readonly callback: URL; readonly now: number },
): Promise<FinishedSignIn> {
  const begun = await db
    .deleteFrom("browser_sign_in")
    .where("hash", "=", hashSecret(secret ?? ""))
    .where("state", "=", answer.state)
    .where("expires_at", ">", now)
    .returningAll()
    .executeTakeFirst();
  if (begun === undefined) throw notBegun();
  const { vouched, authenticatedAt } = await provider.finishBrowser(answer, { ...begun, callback });
  if (begun.fresh && (authenticatedAt === undefined || authenticatedAt < begun.begun_at - TOLERANCE_MS)) {
    throw new ServerError("SERVER_PROVIDER_FAILED", "the identity provider did not ask who it is again", {
      remedy: "try again; if it stays so, the provider does not honour `max_age`",
    });
  }
  // A clock ahead of ours would make a proof count for longer than it should.
  const verifiedAt = authenticatedAt === undefined ? undefined : Math.min(authenticatedAt, now);
  return { vouched, verifiedAt, returnTo: begun.return_to };
}

function notBegun(): ServerError {
  return new ServerError("SERVER_TOKEN_INVALID", "this browser began no such sign-in, or it is over", {
    remedy: "begin again at `/auth`",
  });
}
