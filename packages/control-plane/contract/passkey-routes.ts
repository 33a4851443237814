/** Passkeys: by which people prove to the server, and not to the provider, that it is them. A part of the one table. */
import { z } from "zod";
import { by, done, list, type Route } from "./route.ts";
import { id } from "./schemas.ts";

const time = z.number().nonnegative();
export const passkeyName = z.string().trim().min(1).max(80);
const base64url = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[A-Za-z0-9_-]+$/);
/** Of WebAuthn at most 1023 bytes. */
const credentialId = base64url(1_364);
const ofCredential = { id: credentialId, rawId: credentialId, type: z.literal("public-key") };

/** What a browser has to hand to `navigator.credentials`, as WebAuthn writes it in JSON. */
export const options = z.looseObject({ challenge: z.string() });

/** What a passkey signed: AuthenticationResponseJSON of WebAuthn. */
export const assertion = z.object({
  ...ofCredential,
  response: z.object({
    clientDataJSON: base64url(4_000),
    authenticatorData: base64url(8_000),
    signature: base64url(8_000),
    userHandle: base64url(100).optional(),
  }),
});

/** A passkey that was made: RegistrationResponseJSON of WebAuthn. */
export const attestation = z.object({
  ...ofCredential,
  response: z.object({
    clientDataJSON: base64url(4_000),
    attestationObject: base64url(24_000),
    transports: z.array(z.string().max(40)).max(10).optional(),
  }),
});

export const passkey = z.object({
  id,
  name: z.string(),
  credential: z.string(),
  /** Of the kind of authenticator, as that says itself. */
  aaguid: z.string(),
  transports: z.array(z.string()),
  /** Kept by a provider of passkeys too, and not in one device alone. */
  backedUp: z.boolean(),
  createdAt: time,
  lastUsedAt: time.optional(),
});

export type Assertion = z.output<typeof assertion>;
export type Attestation = z.output<typeof attestation>;

export const PASSKEY_ROUTES = {
  passkeysPage: {
    method: "get",
    path: "/passkeys",
    what: "The page where people add and remove their passkeys.",
    needs: { open: "it is the same for everybody: what it shows it asks for" },
    answer: "page",
    script: true,
  },
  listPasskeys: {
    method: "get",
    path: "/api/v1/passkeys",
    what: "The caller's own passkeys.",
    needs: { known: true },
    answer: list(passkey),
  },
  startProof: {
    method: "post",
    path: "/api/v1/passkeys/proof",
    what: "Asks the browser of the caller to have one of their passkeys sign that they add another, or remove one.",
    needs: { known: true },
    body: z.discriminatedUnion("for", [
      z.strictObject({ for: z.literal("adding") }),
      z.strictObject({ for: z.literal("removing"), passkey: id }),
    ]),
    answer: options,
  },
  startPasskey: {
    method: "post",
    path: "/api/v1/passkeys/start",
    what: "Asks the browser of the caller to make a passkey. Whoever has one already proves it by that; for the first one they have proven at the provider within ten minutes that it is them.",
    needs: { known: true },
    body: z.strictObject({ proof: assertion.optional() }),
    answer: options,
  },
  addPasskey: {
    method: "post",
    path: "/api/v1/passkeys",
    what: "Keeps the passkey that the browser made.",
    needs: { known: true },
    body: z.strictObject({ name: passkeyName, made: attestation }),
    answer: passkey,
  },
  renamePasskey: {
    method: "put",
    path: "/api/v1/passkeys/{passkey}",
    what: "Gives one of the caller's own passkeys another name.",
    needs: { known: true },
    params: z.object({ passkey: id }),
    body: z.strictObject({ name: passkeyName }),
    answer: passkey,
  },
  removePasskey: {
    method: "post",
    path: "/api/v1/passkeys/{passkey}/remove",
    what: "Removes one of the caller's own passkeys, proven by one of them.",
    needs: { known: true },
    params: z.object({ passkey: id }),
    body: z.strictObject({ proof: assertion }),
    answer: done,
  },
  removePasskeys: {
    method: "delete",
    path: "/api/v1/people/{person}/passkeys",
    what: "Removes all passkeys of somebody else, who has lost them, and ends their browsers' sessions.",
    needs: { action: "issueToken", resource: by("Person", "person") },
    params: z.object({ person: id }),
    answer: done,
  },
} as const satisfies Record<string, Route>;
