/** Proving by a passkey (Web Authentication Level 3, 7.2) that it is somebody, for one thing. */
import { escapeControls } from "@bailiwick/base";
import { ServerError } from "../../contract/errors.ts";
import type { Assertion } from "../../contract/passkey-routes.ts";
import type { Database, PasskeyRow } from "../store/tables.ts";
import { keepChallenge, refuseProof, useChallenge, type Asking } from "./challenges.ts";
import { userHandleOf, type RelyingParty } from "./relying-party.ts";

type Options = Record<string, unknown> & { challenge: string };

/**
 * @param passkeys those that may sign; "any": whoever's the authenticator has
 * @returns what the browser hands to `navigator.credentials.get` @throws ServerError SERVER_PROOF_NEEDED when there is none
 */
export async function startProving(
  db: Database,
  party: RelyingParty,
  passkeys: readonly Pick<PasskeyRow, "credential" | "transports">[] | "any",
  asking: Asking & { readonly lifetimeMs?: number },
): Promise<Options> {
  const { generateAuthenticationOptions } = await import("@simplewebauthn/server");
  if (passkeys.length === 0) {
    throw new ServerError("SERVER_PROOF_NEEDED", "this has to be proven by a passkey, and you have none", {
      remedy: `add one in a browser: \`${party.origin}/passkeys\``,
    });
  }
  const options = await generateAuthenticationOptions({
    rpID: party.id,
    ...(passkeys !== "any" && {
      allowCredentials: passkeys.map(({ credential, transports }) => ({ id: credential, transports })),
    }),
    userVerification: "required",
  });
  await keepChallenge(db, options.challenge, asking);
  return { ...options };
}

export interface Proof {
  readonly passkey: string;
  readonly credential: string;
  readonly person: string;
}

/** @param person undefined: whose the passkey is @returns whose passkey signed it @throws ServerError SERVER_PROOF_REFUSED */
export async function finishProving(
  db: Database,
  {
    party,
    asking,
    person,
  }: { readonly party: RelyingParty; readonly asking: Asking; readonly person: string | undefined },
  proof: Assertion,
): Promise<Proof> {
  const challenge = await useChallenge(db, proof.response.clientDataJSON, asking);
  const row = await db
    .selectFrom("passkey")
    .innerJoin("person", "person.id", "passkey.person")
    .selectAll("passkey")
    .where("credential", "=", proof.id)
    .where("active", "=", true)
    .executeTakeFirst();
  if (row === undefined || row.person !== (person ?? row.person)) throw refuseProof("it is none of this person's");
  const counter = await verifyProof(party, { challenge, row }, proof);
  // Of two at once that both followed the counter as it was, one counts.
  const { numUpdatedRows: used } = await db
    .updateTable("passkey")
    .set({ counter, used_at: asking.now })
    .where("id", "=", row.id)
    .where("counter", "=", row.counter)
    .executeTakeFirstOrThrow();
  if (used !== 1n) throw refuseProof("its counter has moved meanwhile");
  return { passkey: row.id, credential: row.credential, person: row.person };
}

/** @returns how many times its authenticator says it has signed */
async function verifyProof(
  { id, origin }: RelyingParty,
  { challenge, row }: { readonly challenge: string; readonly row: PasskeyRow },
  proof: Assertion,
): Promise<number> {
  const { verifyAuthenticationResponse } = await import("@simplewebauthn/server");
  const { userHandle, ...response } = proof.response;
  if (userHandle !== undefined && userHandle !== userHandleOf(row.person).toString("base64url")) {
    throw refuseProof("it says that it is another person's");
  }
  if (isFramed(proof)) throw refuseProof("it was signed within a page of another site");
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: { ...proof, response, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: id,
    credential: { id: row.credential, publicKey: new Uint8Array(row.public_key), counter: row.counter },
    requireUserVerification: true,
  }).catch((error: unknown) => {
    throw refuseProof(whyOf(error), error);
  });
  if (!verified) throw refuseProof("its signature is wrong");
  return authenticationInfo.newCounter;
}

/** The library looks at the outer page only where a browser names it. */
function isFramed({ response }: Assertion): boolean {
  const said: unknown = JSON.parse(Buffer.from(response.clientDataJSON, "base64url").toString("utf8"));
  return typeof said === "object" && said !== null && "crossOrigin" in said && said.crossOrigin === true;
}

/** What the library says of it, which repeats what the caller sent. */
export function whyOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return escapeControls(text.slice(0, 300));
}
