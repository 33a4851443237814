/** The route by which the events of all runs are searched. A part of the one table. */
import { z } from "zod";
import { list, type Route } from "./route.ts";
import { runId } from "./schemas.ts";

const found = z.object({
  /** Place in the order of arrival. */
  seq: z.int().positive(),
  host: z.string(),
  person: z.string(),
  run: runId,
  /** Milliseconds since 1970. */
  at: z.number(),
  type: z.string(),
  exec: z.int().optional(),
  decision: z.enum(["allowed", "refused", "asked"]).optional(),
  /** For people; may hold what an agent wrote. */
  line: z.string(),
  reason: z.string(),
  /** How the exec ended. */
  status: z.int().optional(),
  signal: z.string().optional(),
});

export const SEARCH_ROUTES = {
  searchEvents: {
    method: "get",
    path: "/api/v1/search",
    what: "Events that have all of these words and filters, newest first: the query of `bailiwick search`. The index follows what arrives by seconds, and may be behind; it is never the truth.",
    needs: { action: "readRun", resource: "each" },
    query: z.object({
      query: z.string().min(1).max(4_096),
      /** The place of the last one that was seen. */
      after: z.coerce.number().int().positive().optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(50),
    }),
    answer: list(found),
  },
} as const satisfies Record<string, Route>;
