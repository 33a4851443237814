/** Registering a passkey (Web Authentication Level 3, 7.1): what the browser is asked for, and what is kept of its answer. */
import { ServerError } from "../../contract/errors.ts";
import type { Attestation } from "../../contract/passkey-routes.ts";
import { randomId } from "../identity/secrets.ts";
import type { Database, PasskeyRow } from "../store/tables.ts";
import { keepChallenge, refuseProof, useChallenge, type Asking } from "./challenges.ts";
import { whyOf } from "./prove.ts";
import { userHandleOf, type RelyingParty } from "./relying-party.ts";

/** Nobody has so many devices; each row is looked through at each proof. */
const MOST_PASSKEYS = 20;

/** EdDSA, ES256, RS256: what authenticators have, and Node verifies without calling it an experiment. */
const ALGORITHMS = [-8, -7, -257];

interface Owner {
  readonly id: string;
  readonly name: string;
}

/** @returns what the browser hands to `navigator.credentials.create` @throws ServerError SERVER_CONFLICT */
export async function startMaking(db: Database, party: RelyingParty, person: Owner, asking: Asking): Promise<Options> {
  const { generateRegistrationOptions } = await import("@simplewebauthn/server");
  const have = await passkeysOf(db, person.id);
  if (have.length >= MOST_PASSKEYS) {
    throw new ServerError("SERVER_CONFLICT", `there are ${String(have.length)} passkeys already`, {
      remedy: "remove one that is not used",
    });
  }
  const options = await generateRegistrationOptions({
    rpName: "Bailiwick",
    rpID: party.id,
    userName: person.id,
    userDisplayName: person.name,
    userID: new Uint8Array(userHandleOf(person.id)),
    // No authenticator has to say who made it: nothing here would depend on that.
    attestationType: "none",
    supportedAlgorithmIDs: ALGORITHMS,
    excludeCredentials: have.map(({ credential, transports }) => ({ id: credential, transports })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  });
  await keepChallenge(db, options.challenge, asking);
  return { ...options };
}

type Options = Record<string, unknown> & { challenge: string };

/** @returns what is to be kept by {@link keepPasskey}, once it is in the log @throws ServerError SERVER_PROOF_REFUSED, SERVER_CONFLICT */
export async function finishMaking(
  db: Database,
  { party, asking }: { readonly party: RelyingParty; readonly asking: Asking },
  { person, name, made }: { readonly person: string; readonly name: string; readonly made: Attestation },
): Promise<PasskeyRow> {
  const challenge = await useChallenge(db, made.response.clientDataJSON, asking);
  const { credential, aaguid, backedUp } = await verifyMade(party, challenge, made);
  const known = await db.selectFrom("passkey").select("id").where("credential", "=", credential.id).executeTakeFirst();
  if (known !== undefined) throw there();
  return {
    ...{ id: randomId("k"), credential: credential.id, person, name },
    ...{ public_key: Buffer.from(credential.publicKey), counter: credential.counter, aaguid, backed_up: backedUp },
    ...{ transports: made.response.transports ?? [], made_at: asking.now, used_at: null },
  };
}

/** @throws ServerError SERVER_CONFLICT */
export async function keepPasskey(db: Database, row: PasskeyRow): Promise<void> {
  const { numInsertedOrUpdatedRows: added } = await db
    .insertInto("passkey")
    .values(row)
    .onConflict((conflict) => conflict.column("credential").doNothing())
    .executeTakeFirstOrThrow();
  if (added !== 1n) throw there();
}

function there(): ServerError {
  return new ServerError("SERVER_CONFLICT", "this passkey is there already", { remedy: "use another authenticator" });
}

async function verifyMade({ id, origin }: RelyingParty, challenge: string, made: Attestation) {
  const { verifyRegistrationResponse } = await import("@simplewebauthn/server");
  await requireNoCertificates(made.response.attestationObject);
  const { clientDataJSON, attestationObject } = made.response;
  const verified = await verifyRegistrationResponse({
    response: { ...made, response: { clientDataJSON, attestationObject }, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin: origin,
    expectedRPID: id,
    requireUserVerification: true,
    supportedAlgorithmIDs: ALGORITHMS,
  }).catch((error: unknown) => {
    throw refuseProof(whyOf(error), error);
  });
  if (!verified.verified) throw refuseProof("its attestation is wrong");
  const { credential, aaguid, credentialBackedUp: backedUp } = verified.registrationInfo;
  return { credential, aaguid, backedUp };
}

/**
 * Browsers that are asked for no attestation send none, or one by the passkey's own key. Of any other, certificates would be read, and
 * what they name asked for over the network: whoever sends them would choose where.
 */
async function requireNoCertificates(attestationObject: string): Promise<void> {
  const { decodeAttestationObject } = await import("@simplewebauthn/server/helpers");
  let isPlain: boolean;
  try {
    const decoded = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, "base64url")));
    const format = decoded.get("fmt");
    isPlain = format === "none" || (format === "packed" && decoded.get("attStmt").get("x5c") === undefined);
  } catch (error) {
    throw refuseProof(whyOf(error), error);
  }
  if (!isPlain) throw refuseProof("it carries an attestation that nobody asked for");
}

export async function passkeysOf(db: Database, person: string): Promise<PasskeyRow[]> {
  return await db.selectFrom("passkey").selectAll().where("person", "=", person).orderBy("made_at").execute();
}
