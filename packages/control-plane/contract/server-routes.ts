/** Routes by which the server says what it is. A part of the one table. */
import { z } from "zod";
import type { Route } from "./route.ts";

export const SERVER_ROUTES = {
  showServer: {
    method: "get",
    path: "/api/v1/server",
    what: "What the server is: its version, address and keys, how people sign in, and what more than one person has to want.",
    needs: { known: true },
    answer: z.object({
      version: z.string(),
      /** As browsers see it, where that is set. */
      publicUrl: z.string().optional(),
      /** Verifier keys: of its own log, and of it as a witness. */
      logKey: z.string(),
      witnessKey: z.string(),
      signIn: z.enum(["provider", "passkeys", "tokens"]),
      issuer: z.string().optional(),
      /** After which a browser that asks nothing is signed out. */
      idleMinutes: z.number(),
      sessionHours: z.number(),
      dualControl: z.array(
        z.object({ action: z.string(), on: z.string().optional(), people: z.int(), minutes: z.int() }),
      ),
    }),
  },
} as const satisfies Record<string, Route>;
