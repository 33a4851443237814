/** Who did what: the server's own log, but for what arrived. A part of the one table. */
import { z } from "zod";
import { list, type Route } from "./route.ts";
import { id, runId } from "./schemas.ts";

const moment = z.coerce.number().nonnegative().optional();

export const noted = z.object({
  /** Place in the server's own log. */
  index: z.int().nonnegative(),
  at: z.number().nonnegative(),
  type: z.string(),
  /** A person, a service's token or a host. */
  who: z.string().optional(),
  /** What it was done to; without it, the company's. */
  about: z.object({ type: z.string(), id: z.string() }).optional(),
  /** All that stands there. */
  note: z.record(z.string(), z.unknown()),
});

export const REPORT_ROUTES = {
  report: {
    method: "get",
    path: "/api/v1/report",
    what: "Who did what: rights used and refused, answers, orders, roles, teams, policies; of what the caller may see the use of.",
    needs: { action: "viewUse", resource: "each" },
    query: z.object({
      /** By or to this person, or about them. */
      person: id.optional(),
      run: runId.optional(),
      /** About this host or a run of it, or by it. */
      host: id.optional(),
      /** By or to those who are its members now, or about it. */
      team: id.optional(),
      /** The right that was used or refused (`killRun`), or the type of the entry (`right.refused`). */
      action: z
        .string()
        .regex(/^[A-Za-z][A-Za-z.-]{0,59}$/)
        .optional(),
      /** Milliseconds since 1970; `to` is included. */
      from: moment,
      to: moment,
      order: z.enum(["oldest", "newest"]).default("oldest"),
      /** The place of the last one that was seen, in this order. */
      after: z.coerce.number().int().nonnegative().optional(),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    answer: list(noted).extend({
      /** So many of the log's first entries, from before there were reports, have not been looked through yet. */
      notYet: z.int().optional(),
    }),
  },
} as const satisfies Record<string, Route>;
