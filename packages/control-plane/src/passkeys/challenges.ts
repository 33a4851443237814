/** What browsers were asked to have signed: for one session and one thing, once, for five minutes. */
import { ServerError } from "../../contract/errors.ts";
import type { Database } from "../store/tables.ts";

/** What a signature is for. It counts for that and nothing else. */
export type About =
  | { readonly for: "adding" }
  | { readonly for: "removing"; readonly passkey: string }
  /** A yes to a question as it was shown. */
  | {
      readonly for: "answering";
      readonly question: string;
      readonly bound: string;
      readonly answer: "once" | "run" | "no";
    }
  /** In the place of whoever the passkey's is. */
  | { readonly for: "signing in" }
  /** That the device which shows this code signs in as its person. */
  | { readonly for: "a device"; readonly code: string }
  /** A new passkey, which signs nothing yet. */
  | { readonly for: "making" };

/** Whose browser is asked, and what for. */
export interface Asking {
  /** The id of its session; of who has none yet, the invitation, or the cookie of who signs in. */
  readonly browser: string;
  readonly about: About;
  readonly now: number;
}

export const MAKING: About = { for: "making" };

export const CHALLENGE_MS = 5 * 60_000;

export async function keepChallenge(
  db: Database,
  challenge: string,
  { browser, about, now, lifetimeMs = CHALLENGE_MS }: Asking & { readonly lifetimeMs?: number },
): Promise<void> {
  await db.deleteFrom("passkey_challenge").where("expires_at", "<=", now).execute();
  await db
    .insertInto("passkey_challenge")
    .values({ challenge, browser, about: textOf(about), expires_at: now + Math.min(lifetimeMs, CHALLENGE_MS) })
    .execute();
}

/**
 * Uses a challenge up, whatever comes of what was signed.
 * @param signed `clientDataJSON` of what the browser answered, in base 64 (url)
 * @returns the challenge, which is that session's and for that
 * @throws ServerError SERVER_PROOF_REFUSED
 */
export async function useChallenge(db: Database, signed: string, { browser, about, now }: Asking): Promise<string> {
  const used = await db
    .deleteFrom("passkey_challenge")
    .where("challenge", "=", challengeIn(signed))
    .where("browser", "=", browser)
    .where("about", "=", textOf(about))
    .where("expires_at", ">", now)
    .returning("challenge")
    .executeTakeFirst();
  if (used !== undefined) return used.challenge;
  throw refuseProof("this browser was not asked to sign it, or not for this, or it is over");
}

export function refuseProof(why: string, cause?: unknown): ServerError {
  const options = { remedy: "try again", ...(cause !== undefined && { cause }) };
  return new ServerError("SERVER_PROOF_REFUSED", `what the passkey signed does not count: ${why}`, options);
}

/** The members by their names, so that the same thing is always the same text. */
export function textOf(about: About): string {
  return JSON.stringify(Object.fromEntries(Object.entries(about).sort(([one], [other]) => (one < other ? -1 : 1))));
}

function challengeIn(signed: string): string {
  try {
    const said: unknown = JSON.parse(Buffer.from(signed, "base64url").toString("utf8"));
    const isSaid = typeof said === "object" && said !== null && "challenge" in said;
    return isSaid && typeof said.challenge === "string" ? said.challenge : "";
  } catch (error) {
    if (error instanceof SyntaxError) return "";
    throw error;
  }
}
