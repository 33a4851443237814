import { z } from "zod";
import { id } from "../../contract/schemas.ts";
import { isSafeUrl, readSecret, secretSource } from "../secret-source.ts";

/** `[oidc]` of the server's file. No secret stands in it: it says where that is. */
export const providerSchema = z.strictObject({
  issuer: z.url().refine(isSafeUrl, "must be https, or http to this host (127.0.0.1, ::1, localhost)"),
  "client-id": z.string().min(1).max(400),
  "client-secret": secretSource,
  scopes: z.string().default("openid profile email groups"),
  /**
   * Which claim of the ID token says who it is: never one that a person can choose, or that is given to somebody else later. `oid` is
   * Microsoft's, whose `sub` no directory knows.
   */
  "subject-claim": z.enum(["sub", "oid"]).default("sub"),
  "groups-claim": z.string().min(1).max(200).default("groups"),
  /** How long somebody stays signed in, and keeps what their groups gave them. */
  "session-hours": z.number().min(0.1).max(168).default(12),
  /** One of these has to be the token's `acr` for a sign-in to count as a proof that it is the person, where something asks for one. */
  "step-up-acr": z.array(z.string().min(1).max(200)).min(1).max(10).optional(),
  /** Who is in none of them may not sign in. */
  groups: z
    .array(
      z.strictObject({
        group: z.string().min(1).max(400),
        team: id.optional(),
        // INVARIANT(owners): whoever administers the groups of the provider must not be able to make owners here.
        roles: z
          .array(id.refine((role) => role !== "owner" && role !== "host", "is not given by groups"))
          .max(20)
          .default([]),
      }),
    )
    .min(1)
    .max(1_000),
});

export type ProviderConfig = z.output<typeof providerSchema>;

/** @throws ServerError SERVER_CANNOT_START */
export function readClientSecret(
  { "client-secret": named }: ProviderConfig,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return readSecret(named, "the secret of `[oidc]`", environment);
}
