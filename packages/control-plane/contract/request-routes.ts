/** Routes by which others confirm or reject what more than one person has to want. A part of the one table. */
import { z } from "zod";
import { done, list, type Route } from "./route.ts";

const time = z.number().nonnegative();
const params = z.object({ request: z.string().regex(/^r-[0-9a-f]{12}$/) });
/** What is looked at is decided by whether the caller might do the very same. */
const SAME_RIGHT = { known: true } as const;

export const pendingRequest = z.object({
  id: z.string(),
  route: z.string(),
  action: z.string(),
  resource: z.object({ type: z.string(), id: z.string() }),
  /** Params and body of the call. */
  given: z.record(z.string(), z.unknown()),
  by: z.string(),
  at: time,
  expiresAt: time,
  /** People, with whoever wanted it first. */
  needs: z.int(),
  confirmedBy: z.array(z.string()),
});

export const REQUEST_ROUTES = {
  listRequests: {
    method: "get",
    path: "/api/v1/requests",
    what: "What waits for others to confirm it: of oneself, and what one might do oneself.",
    needs: SAME_RIGHT,
    answer: list(pendingRequest),
  },
  confirmRequest: {
    method: "post",
    path: "/api/v1/requests/{request}/confirm",
    what: "Confirms what somebody else wants, with the right to do it oneself; when enough have, it is done, as whoever wanted it first.",
    needs: SAME_RIGHT,
    params,
    answer: z.object({ done: z.boolean(), has: z.int(), needs: z.int() }),
  },
  rejectRequest: {
    method: "post",
    path: "/api/v1/requests/{request}/reject",
    what: "Ends a request: one's own, or with the right to confirm it.",
    needs: SAME_RIGHT,
    params,
    answer: done,
  },
} as const satisfies Record<string, Route>;
