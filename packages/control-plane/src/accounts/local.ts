/** Local accounts: where there is no identity provider, a passkey is what somebody signs in by. */
import { ServerError } from "../../contract/errors.ts";
import { openSession } from "../identity/sessions.ts";
import { relyingPartyOf, type RelyingParty } from "../passkeys/relying-party.ts";
import type { Server } from "../routes/handler.ts";

/**
 * INVARIANT(one-way-in): with a provider nobody signs in by a passkey: who leaves the company would go on to come in by it.
 * @throws ServerError SERVER_NOT_FOUND
 */
export function requireLocal({ provider, sessions }: Server): RelyingParty {
  if (provider === undefined) return relyingPartyOf(sessions);
  throw new ServerError("SERVER_NOT_FOUND", "people sign in at the identity provider here, and are not invited", {
    remedy: "add them there to a group of `[[oidc.groups]]`",
  });
}

export interface SignedIn {
  readonly answer: { readonly person: string; readonly name: string };
  readonly cookies: readonly string[];
}

/** A session for a browser whose person has just proven by a passkey that it is them; in the log before. */
export async function signInBrowser(
  { db, journal, now, sessions: { hours } }: Server,
  person: string,
  { headers, what }: { readonly headers: Readonly<Record<string, string>>; readonly what: string },
): Promise<SignedIn> {
  const { name } = await db.selectFrom("person").select("name").where("id", "=", person).executeTakeFirstOrThrow();
  await journal.note({ type: "identity.changed", what, whom: person });
  const at = now();
  const opened = { person, now: at, expiresAt: at + hours * 3_600_000, verifiedAt: at };
  return { answer: { person, name }, cookies: await openSession(db, headers, opened) };
}
