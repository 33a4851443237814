/**
 * What the server wants of runs that go on. Hosts are told by statements that the server signs with the key of its log, which each host has
 * pinned at its enrolment: whoever answers at the server's address without that key commands nothing. A statement is for one host and
 * answers one question, by the number that the host made up for it, so that none can be used again.
 */
import { z } from "zod";
import { givenAnswer } from "./questions.ts";
import { id, runId, scope } from "./schemas.ts";

/** First line of the statement; the second is the JSON of {@link standing}. */
export const ORDERS_STATEMENT = "bailiwick orders v1";

const time = z.number().nonnegative();
const reason = z.string().trim().min(1).max(500);
const text = z.string().max(400);
export const nonce = z.string().regex(/^[A-Za-z0-9_-]{22}$/);

/** So long an order stands at most, and unless it says otherwise. */
export const LONGEST_S = 30 * 86_400;
export const USUAL_S = 3_600;
/** A host is asked to be patient for so long at most before it is answered that nothing has changed. */
export const LONGEST_WAIT_MS = 20_000;

export const newOrder = z.strictObject({
  scope,
  reason,
  /** How long it stands: meanwhile it holds for runs that start, or that the server hears of again, too. */
  standsS: z.int().min(10).max(LONGEST_S).default(USUAL_S),
});
export const lift = z.strictObject({ scope, reason });
export const leaseOrder = z.strictObject({
  scope: z.strictObject({ type: z.enum(["Company", "Team", "Person", "Host"]), id: scope.shape.id }),
  /** A short one ends runs whenever the server is restarted. */
  seconds: z.union([z.literal(0), z.int().min(10).max(86_400)]),
  reason,
});
export const order = z.object({
  id: z.string(),
  kind: z.enum(["pause", "kill", "lease"]),
  scope,
  seconds: z.int().optional(),
  reason: z.string(),
  by: z.string(),
  at: time,
  expiresAt: time.optional(),
  liftedAt: time.optional(),
  liftedBy: z.string().optional(),
});

export const followOrders = z.strictObject({
  run: runId,
  /** As the host's record has them. */
  agent: text,
  project: text,
  nonce,
  /** `tag` of what the host was told last: it is answered at once when that is not what holds now. */
  known: z.string().max(64).optional(),
  waitMs: z.int().min(0).max(LONGEST_WAIT_MS).default(LONGEST_WAIT_MS),
});
export const followed = z.object({
  /** A signed note (C2SP signed-note). */
  statement: z.string(),
});

/** What holds for a run now. */
export const standing = z.object({
  host: id,
  run: runId,
  nonce,
  at: time,
  tag: z.string().max(64),
  state: z.enum(["running", "paused", "ended"]),
  /** Why it is not running: `by olivia: the key leaked (order 17)`. */
  why: z.string().optional(),
  /** How long a run goes on without hearing from the server; absent: for ever. */
  leaseS: z.int().positive().optional(),
  /** What its open questions were answered. */
  answers: z.array(givenAnswer).optional(),
});

export type Order = z.infer<typeof order>;
export type NewOrder = z.input<typeof newOrder>;
export type Follow = z.output<typeof followOrders>;
export type Standing = z.infer<typeof standing>;
