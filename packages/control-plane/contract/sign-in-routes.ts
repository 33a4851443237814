import { z } from "zod";
import { secret } from "./schemas.ts";

/** Signing in by the company's identity provider; OAuth's device flow, in which the server is the client. */
export const SIGN_IN_ROUTES = {
  startSignIn: {
    method: "post",
    path: "/api/v1/sign-ins",
    what: "Begins to sign a person in at the identity provider: they confirm at `verificationUrl` that their device shows `userCode`.",
    needs: { open: "it gives nothing before the provider vouches for somebody" },
    answer: z.object({
      deviceCode: z.string(),
      userCode: z.string(),
      verificationUrl: z.string(),
      intervalS: z.number(),
      expiresInS: z.number(),
    }),
  },
  finishSignIn: {
    method: "post",
    path: "/api/v1/sign-ins/finish",
    what: "Asks once whether it was confirmed, and if so gives a token that acts for the person.",
    needs: { open: "it carries the code that only its device has" },
    body: z.strictObject({ deviceCode: z.string().min(1).max(4_000) }),
    answer: z.object({
      /** `slower`: ask five seconds less often from now on. */
      state: z.enum(["waiting", "slower", "done"]),
      token: secret.optional(),
    }),
  },
} as const;
