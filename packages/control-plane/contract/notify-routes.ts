/** Routes by which one sees where people are told elsewhere, and whether that works. A part of the one table. */
import { z } from "zod";
import { list, type Route } from "./route.ts";
import { id } from "./schemas.ts";

const time = z.number().nonnegative();

/** One receiver: a `[[notify]]` of the server's file, or one address of one that has several. Nothing of its address or secrets but that of mail. */
const receiver = z.object({
  name: id,
  format: z.enum(["plain", "slack", "teams", "mail"]),
  /** Of mail to a fixed address. */
  to: z.string().optional(),
  /** Whom messages of their own are for; `all`: whoever may. */
  people: z.union([z.literal("all"), z.array(id)]).optional(),
  about: z.array(z.string()),
  /** Messages that it has taken, could not be given, and will not be given any more; since the server has its database. */
  taken: z.int().nonnegative(),
  failed: z.int().nonnegative(),
  givenUp: z.int().nonnegative(),
  takenAt: time.optional(),
  failedAt: time.optional(),
  /** The last failure: of the network, or a status. */
  failure: z.string().optional(),
  /** Messages that wait for it, and how many of them have failed before. */
  waiting: z.int().nonnegative(),
  failing: z.int().nonnegative(),
});

export const NOTIFY_ROUTES = {
  listNotify: {
    method: "get",
    path: "/api/v1/notify",
    what: "Where people are told elsewhere, what became of it last, and what waits.",
    needs: { action: "manageNotify", resource: "company" },
    answer: list(receiver),
  },
  testNotify: {
    method: "post",
    path: "/api/v1/notify/{notify}/test",
    what: "Sends a test message there; of mail to people, to the caller alone. Whether it arrived is in `listNotify`.",
    needs: { action: "manageNotify", resource: "company" },
    params: z.object({ notify: id }),
    answer: z.object({ messages: z.int().positive() }),
  },
} as const satisfies Record<string, Route>;
