/**
 * The life of a company's policies: drafts, their review, how far they are rolled out, and how hosts are told. What a host is told is one
 * statement, signed with the key of the server's log as orders are: it names every layer that holds for the host, so that one that is
 * missing is noticed, and answers one question, by the number that the host made up for it.
 */
import type { Layer } from "@bailiwick/policy";
import { z } from "zod";
import { nonce } from "./orders.ts";
import { id, scope } from "./schemas.ts";

/** First line of the statement; the second is the JSON of {@link policyStanding}. */
export const POLICY_STATEMENT = "bailiwick policy v1";

const layers = ["company", "team", "project", "user"] as const satisfies readonly Layer[];
/** In UTF-16 units, as the policies' own reader has it: loading that is not for whoever speaks to a server. */
const LONGEST_BUNDLE = 512 * 1024;
const time = z.number().nonnegative();
const why = z.string().trim().min(1).max(500);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
/** Grows with every release: by the server's clock, so that a database that is put back does not give numbers a second time. */
const sequence = z.int().positive();
export const version = z.string().regex(/^p-[0-9a-f]{12}$/);

export const policyScope = z.strictObject({
  type: z.enum(["Company", "Team", "Project", "Person"]),
  id: scope.shape.id,
});
/** The layer of each scope. */
export const LAYER_OF = {
  Company: "company",
  Team: "team",
  Project: "project",
  Person: "user",
} as const satisfies Record<PolicyScope["type"], Layer>;

export const newDraft = z.strictObject({
  scope: policyScope,
  /** The text of a bundle. */
  bundle: z.string().max(LONGEST_BUNDLE),
  why: why.optional(),
  /** The proposal that it comes from. */
  proposal: z
    .string()
    .regex(/^[0-9]{1,15}$/)
    .optional(),
});

/** A text that is looked at, and kept nowhere. */
export const bundleText = z.strictObject({ scope: policyScope, bundle: z.string().max(LONGEST_BUNDLE) });
const problem = z.object({
  severity: z.enum(["error", "warning"]),
  /** Of the bundle; absent: it is about the whole. */
  file: z.string().optional(),
  /** From 1, columns in UTF-16 units; 0: the whole file. */
  line: z.int(),
  column: z.int(),
  policy: z.string().optional(),
  message: z.string(),
  remedy: z.string().optional(),
});
const inWords = z.object({
  id: z.string(),
  file: z.string(),
  line: z.int(),
  does: z.enum(["allows", "refuses", "asks"]),
  /** What it is about, and under which conditions. */
  words: z.string(),
  reason: z.string().optional(),
  instead: z.string().optional(),
  ask: z.string().optional(),
});
export const checked = z.object({
  problems: z.array(problem),
  /** What each of its policies says; none while a problem is an error. */
  policies: z.array(inWords),
  /** Its tests, as they come out within the layers above; none while a problem is an error. */
  tests: z.array(z.object({ file: z.string(), name: z.string(), passed: z.boolean(), message: z.string() })),
});
export const explainText = bundleText.extend({
  asked: z.union([
    z.strictObject({ argv: z.array(z.string().max(2_000)).min(1).max(200), agent: z.string().max(200).optional() }),
    z.strictObject({
      host: z.string().min(1).max(253),
      port: z.int().min(1).max(65_535).default(443),
      agent: z.string().max(200).optional(),
    }),
  ]),
});
export const explainedText = z.object({
  outcome: z.enum(["allow", "deny", "ask"]),
  reason: z.string(),
  instead: z.string().optional(),
  approver: z.string().optional(),
  failure: z.string().optional(),
  /** The policies whose conditions hold for it, or could not be evaluated, of those that could apply. */
  applied: z.array(
    z.object({
      id: z.string(),
      effect: z.enum(["permit", "forbid"]),
      source: z.string(),
      line: z.int(),
      result: z.enum(["satisfied", "failed"]),
      /** What its conditions looked at. */
      facts: z.record(z.string(), z.unknown()),
    }),
  ),
  /** How many of how many could apply. */
  couldApply: z.int(),
  policyCount: z.int(),
});

/** What the tests of a bundle came to at the server. */
export const tested = z.object({ passed: z.int(), failed: z.array(z.string()) });

export const policyVersion = z.object({
  id: version,
  scope: policyScope,
  digest,
  author: z.string(),
  at: time,
  why: z.string().optional(),
  proposal: z.string().optional(),
  tested,
  state: z.enum(["draft", "approved", "rejected"]),
  reviewedBy: z.string().optional(),
  reviewedAt: time.optional(),
  review: z.string().optional(),
});
/** With its text, and the text that holds for its scope now. */
export const wholeVersion = z.object({ ...policyVersion.shape, bundle: z.string(), before: z.string().optional() });

/** What was looked at: an approval is of this text and no other. */
export const approval = z.strictObject({ digest, why: why.optional() });
export const rejection = z.strictObject({ why });

export const stage = z.strictObject({ type: z.enum(["Team", "Host"]), id });
export const newRelease = z.strictObject({
  /** Of the hosts in the scope, by a stable choice. */
  percent: z.int().min(0).max(100).default(100),
  /** These whatever the percentage. */
  first: z.array(stage).max(100).default([]),
});
export const promotion = z.strictObject({ scope: policyScope, percent: z.int().min(1).max(100) });
export const halting = z.strictObject({ scope: policyScope, reason: why });
export const rollback = z.strictObject({
  scope: policyScope,
  reason: why,
  /** Which was in force for all before; the last one, if not said. */
  to: version.optional(),
});
export const release = z.object({
  sequence,
  scope: policyScope,
  /** Absent: the layer says nothing any more. */
  version: version.optional(),
  kind: z.enum(["rollout", "rollback"]),
  percent: z.int(),
  first: z.array(stage),
  halted: z.boolean(),
  reason: z.string().optional(),
  by: z.string(),
  at: time,
});

export const heldLayer = z.strictObject({
  layer: z.enum(layers),
  scope: z.string().min(1).max(400),
  sequence,
  digest,
});
export const fetchPolicies = z.strictObject({
  nonce,
  /** Bundles that the host has. */
  has: z.array(digest).max(500),
  /** Sequence of the statement by which its runs are governed. */
  using: z.int().nonnegative().optional(),
  /** One that it did not take, and why. */
  refused: z.strictObject({ sequence: z.int().nonnegative(), why: z.string().max(1_000) }).optional(),
  /** What layers say beyond those above them, without effect. */
  beyond: z.array(z.string().max(300)).max(50).optional(),
});
export const fetchedPolicies = z.object({
  /** A signed note (C2SP signed-note). */
  statement: z.string(),
  /** The bundles that the host does not have. */
  bundles: z.array(z.string().max(LONGEST_BUNDLE)),
});
/** What holds for a host now. */
export const policyStanding = z.strictObject({
  host: id,
  nonce,
  at: time,
  /** Of the newest release of all: what is told later never has a lower one. */
  sequence: z.int().nonnegative(),
  /** Every layer that says something for the host; those of projects for all, for the host knows which a run is in. */
  layers: z.array(heldLayer),
});

export const drift = z.object({
  /** The host. */
  id,
  name: z.string(),
  person: id,
  state: z.enum(["current", "behind", "refused", "never"]),
  /** What it was told last, and when. */
  told: z.array(heldLayer),
  heardAt: time.optional(),
  /** Since when it has been behind. */
  since: time.optional(),
  refused: z.string().optional(),
  beyond: z.array(z.string()),
  /** What its last run was governed by. */
  lastRun: z.object({ run: z.string(), policyDigest: z.string(), layers: z.array(heldLayer) }).optional(),
});

export const whatIf = z.strictObject({
  /** Runs from so many days ago on. */
  days: z.int().min(1).max(366).default(7),
  /** The newest so many of those that the caller may read. */
  runs: z.int().min(1).max(500).default(100),
});
const outcome = z.enum(["allow", "deny", "ask"]);
export const whatIfFound = z.object({
  policyDigest: z.string(),
  runs: z.int(),
  decisions: z.int(),
  unchanged: z.int(),
  changes: z.array(
    z.object({
      from: outcome,
      to: outcome,
      policies: z.array(z.string()),
      reason: z.string(),
      count: z.int(),
      runs: z.int(),
      examples: z.array(z.object({ run: z.string(), at: time, what: z.string() })),
    }),
  ),
  byProfile: z.int(),
  incomplete: z.int(),
  notReproduced: z.int(),
  questions: z.object({ before: z.int(), after: z.int(), perDay: z.number(), days: z.int() }),
});

export type PolicyScope = z.infer<typeof policyScope>;
export type PolicyVersion = z.infer<typeof policyVersion>;
export type PolicyRelease = z.infer<typeof release>;
export type HeldLayer = z.infer<typeof heldLayer>;
export type PolicyDrift = z.infer<typeof drift>;
export type PolicyStanding = z.infer<typeof policyStanding>;
export type Tested = z.infer<typeof tested>;
