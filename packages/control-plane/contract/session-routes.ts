/** Browsers: how they are signed in, and what signed-in people can do about their sessions. A part of the one table. */
import { z } from "zod";
import { done, list, type Route } from "./route.ts";
import { id, page } from "./schemas.ts";

const time = z.number().nonnegative();
const ofProvider = z.string().max(4_000);

/**
 * A path of this server and nothing else: neither `//host` nor `/\host`, which browsers take for another server, nor control characters,
 * which they leave out.
 */
export const localPath = z
  .string()
  .max(1_000)
  .regex(/^\/(?![/\\])[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$/, "must be a path of this server");

export const browserSession = z.object({
  id,
  /** Of the browser, as it says itself. */
  agent: z.string(),
  createdAt: time,
  lastUsedAt: time,
  expiresAt: time,
  /** When it ends if nothing more is asked by it. */
  endsAt: time,
  /** When the person last proved that it is them. */
  verifiedAt: time.optional(),
  /** It is the one that asks. */
  current: z.boolean(),
});

export const SESSION_ROUTES = {
  signInPage: {
    method: "get",
    path: "/auth",
    what: "The page with which a browser signs in.",
    needs: { open: "it tells a browser who its own session is of" },
    query: z.object({ to: localPath.default("/auth") }),
    answer: "page",
  },
  startBrowserSignIn: {
    method: "get",
    path: "/auth/start",
    what: "Sends a browser to the identity provider (authorization code with PKCE); one that comes from a page of another site to `/auth`, where somebody has to want it.",
    needs: { open: "it gives nothing before the provider vouches for somebody" },
    query: z.object({
      /** Where the browser goes afterwards. */
      to: localPath.default("/auth"),
      /** `true`: the person has to prove again that it is them, whatever the provider remembers. */
      fresh: z.enum(["true", "false"]).default("false"),
    }),
    answer: "redirect",
  },
  finishBrowserSignIn: {
    method: "get",
    path: "/auth/callback",
    what: "Takes the provider's answer from the browser that began, and signs it in.",
    needs: { open: "it carries the provider's code and the cookie of the browser that began" },
    query: z.object({
      state: ofProvider,
      code: ofProvider.optional(),
      error: ofProvider.optional(),
      error_description: ofProvider.optional(),
      iss: ofProvider.optional(),
    }),
    answer: "redirect",
  },
  session: {
    method: "get",
    path: "/api/v1/session",
    what: "Who the caller is, what they may do somewhere, and of a browser's session when it ends and what its requests have to carry.",
    needs: { known: true },
    answer: z.object({
      type: z.enum(["Person", "Token", "Host"]),
      id: z.string(),
      name: z.string().optional(),
      /** Some scope permits each; what is asked decides. */
      actions: z.array(z.string()),
      /** For the header `x-bailiwick-csrf` of all that changes something. */
      csrfToken: z.string().optional(),
      session: browserSession.optional(),
      /** The server's database takes nothing now: what is there can be looked at, and nothing changed. */
      readOnly: z.literal(true).optional(),
    }),
  },
  signOut: {
    method: "delete",
    path: "/api/v1/session",
    what: "Ends the browser's session that asks.",
    needs: { known: true },
    answer: done,
  },
  listSessions: {
    method: "get",
    path: "/api/v1/sessions",
    what: "The caller's own browser sessions that count.",
    needs: { known: true },
    query: page.pick({ limit: true }),
    answer: list(browserSession),
  },
  endSession: {
    method: "delete",
    path: "/api/v1/sessions/{session}",
    what: "Ends one of the caller's own browser sessions.",
    needs: { known: true },
    params: z.object({ session: id }),
    answer: done,
  },
  endSessions: {
    method: "delete",
    path: "/api/v1/people/{person}/sessions",
    what: "Ends all of a person's sessions: of browsers, and tokens that they signed in for. Tokens that were made for something stay.",
    needs: { action: "managePeople", resource: "company" },
    params: z.object({ person: id }),
    answer: done,
  },
} as const satisfies Record<string, Route>;
