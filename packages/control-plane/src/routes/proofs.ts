import { ServerError } from "../../contract/errors.ts";
import type { Assertion } from "../../contract/passkey-routes.ts";
import type { Caller } from "../identity/callers.ts";
import { CHALLENGE_MS, textOf, type About } from "../passkeys/challenges.ts";
import { passkeysOf } from "../passkeys/make.ts";
import { finishProving, startProving, type Proof } from "../passkeys/prove.ts";
import { relyingPartyOf } from "../passkeys/relying-party.ts";
import type { Server } from "./handler.ts";

/** A token has no page in which a passkey could sign. @throws ServerError SERVER_PROOF_NEEDED */
export function sessionOfBrowser({ session }: Caller): string {
  if (session !== undefined) return session;
  throw new ServerError("SERVER_PROOF_NEEDED", "passkeys sign in a browser that is signed in, and this is none", {
    remedy: "open `/passkeys` of the server in a browser",
  });
}

/** Has the caller's browser asked for one of their passkeys to sign this. @throws ServerError SERVER_PROOF_NEEDED */
export async function askProof({ db, sessions, now }: Server, caller: Caller, about: About, lifetimeMs = CHALLENGE_MS) {
  const asking = { browser: sessionOfBrowser(caller), about, now: now(), lifetimeMs };
  return await startProving(db, relyingPartyOf(sessions), await passkeysOf(db, caller.id), asking);
}

/** That it is the caller, by a passkey of theirs, for this; what does not count is in the server's log. @throws ServerError SERVER_PROOF_REFUSED, SERVER_PROOF_NEEDED */
export async function proveBy(server: Server, caller: Caller, about: About, proof: Assertion): Promise<Proof> {
  const { db, journal, now } = server;
  const asking = { browser: sessionOfBrowser(caller), about, now: now() };
  try {
    return await finishProving(db, { party: relyingPartyOf(server.sessions), asking, person: caller.id }, proof);
  } catch (error) {
    if (error instanceof ServerError && error.code === "SERVER_PROOF_REFUSED") {
      const why = error.message;
      await journal.note({ type: "passkey.refused", by: caller.id, about: textOf(about), why });
    }
    throw error;
  }
}
