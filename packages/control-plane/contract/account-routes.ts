/** Accounts of a server without identity provider: people are invited, and sign in by their passkeys. A part of the one table. */
import { z } from "zod";
import { assertion, attestation, options, passkeyName } from "./passkey-routes.ts";
import { by, done, type Route } from "./route.ts";
import { id } from "./schemas.ts";

/** Letters that no two people read as different ones, and that make no words (RFC 8628, 6.1). */
export const USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";
const userCode = z.string().regex(new RegExp(`^[${USER_CODE_LETTERS}]{4}-[${USER_CODE_LETTERS}]{4}$`));
const token = z.string().max(200);
const who = z.object({ person: id, name: z.string() });

export const ACCOUNT_ROUTES = {
  invitePerson: {
    method: "post",
    path: "/api/v1/people/{person}/invitations",
    what: "Makes an address at which a person makes a passkey, once, and is signed in by it from then on. Another one before it is worth nothing any more.",
    needs: { action: "issueToken", resource: by("Person", "person") },
    params: z.object({ person: id }),
    body: z.strictObject({
      expiresInS: z
        .int()
        .min(60)
        .max(7 * 86_400)
        .default(86_400),
    }),
    /** Shown once. */
    answer: z.object({ id, url: z.string(), expiresAt: z.number() }),
  },
  invitationPage: {
    method: "get",
    path: "/invitation",
    what: "The page of an invitation.",
    needs: { open: "it is the same for everybody: the invitation itself stays in the browser" },
    answer: "page",
    script: true,
  },
  startInvitation: {
    method: "post",
    path: "/api/v1/invitations/start",
    what: "Says whose an invitation is, and asks the browser to make a passkey.",
    needs: { open: "it carries an invitation" },
    body: z.strictObject({ token }),
    answer: z.object({ ...who.shape, options }),
  },
  acceptInvitation: {
    method: "post",
    path: "/api/v1/invitations",
    what: "Keeps the passkey that the invited person's browser made, uses the invitation up, and signs the browser in.",
    needs: { open: "it carries an invitation" },
    body: z.strictObject({ token, name: passkeyName, made: attestation }),
    answer: who,
    cookies: true,
  },
  passkeySignInPage: {
    method: "get",
    path: "/auth/passkey",
    what: "The page where a browser is signed in by a passkey.",
    needs: { open: "it is the same for everybody" },
    answer: "page",
    script: true,
  },
  startPasskeySignIn: {
    method: "post",
    path: "/api/v1/sign-ins/passkey",
    what: "Asks the browser to have a passkey sign that its person signs in.",
    needs: { open: "it gives nothing before a passkey has signed" },
    answer: options,
    cookies: true,
  },
  finishPasskeySignIn: {
    method: "post",
    path: "/api/v1/sign-ins/passkey/finish",
    what: "Signs the browser in that was asked.",
    needs: { open: "it carries what a passkey signed, and the cookie of the browser that began" },
    body: z.strictObject({ proof: assertion }),
    answer: who,
    cookies: true,
  },
  devicePage: {
    method: "get",
    path: "/device",
    what: "The page where a person confirms that a device signs in as them.",
    needs: { open: "it is the same for everybody" },
    answer: "page",
    script: true,
  },
  startConfirming: {
    method: "post",
    path: "/api/v1/sign-ins/devices/{code}/proof",
    what: "Asks the browser of the caller to have one of their passkeys sign that the device with this code signs in as them.",
    needs: { known: true },
    params: z.object({ code: userCode }),
    answer: options,
  },
  confirmDevice: {
    method: "post",
    path: "/api/v1/sign-ins/devices/{code}",
    what: "Signs the device with this code in as the caller.",
    needs: { known: true },
    params: z.object({ code: userCode }),
    body: z.strictObject({ proof: assertion }),
    answer: done,
  },
  denyDevice: {
    method: "delete",
    path: "/api/v1/sign-ins/devices/{code}",
    what: "Has the device with this code told that nobody signs in.",
    needs: { known: true },
    params: z.object({ code: userCode }),
    answer: done,
  },
} as const satisfies Record<string, Route>;
