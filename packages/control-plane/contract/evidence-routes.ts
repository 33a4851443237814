/** Routes by which archives of evidence are made of what hosts sent, and who made which. A part of the one table. */
import { z } from "zod";
import { EVIDENCE_FRAMEWORKS } from "./evidence-frameworks.ts";
import { list, type Route } from "./route.ts";
import { LABEL } from "@bailiwick/base";
import { runId, scope } from "./schemas.ts";

/** Of one archive. */
export const MOST_EVIDENCE_RUNS = 500;

const moment = z.number().nonnegative();
const reason = z.string().trim().min(1).max(500);

export const newEvidence = z.strictObject({
  scope,
  /** Runs that went on at some time of it, both included, in milliseconds since 1970; without them whenever they did. */
  from: moment.optional(),
  to: moment.optional(),
  /** Only of runs that have it: `KEY=VALUE`. */
  label: z.string().regex(LABEL).optional(),
  reason,
  /** Whose controls the report maps to entries. */
  frameworks: z
    .array(z.enum(EVIDENCE_FRAMEWORKS))
    .max(EVIDENCE_FRAMEWORKS.length)
    .default([...EVIDENCE_FRAMEWORKS]),
  /** With what the runs' terminals showed, of those that the caller may replay (`replayRun`). */
  recordings: z.boolean().default(false),
});

export const evidenceMade = z.object({
  /** Place in the server's own log. */
  index: z.int().nonnegative(),
  at: moment,
  by: z.string(),
  reason: z.string(),
  scope: z.object({ type: z.string(), id: z.string() }),
  from: moment,
  to: moment,
  runs: z.array(runId),
  /** Those of them whose recording is in it. */
  recordings: z.array(runId),
  /** SHA-256 of the file, `sha256:…`. */
  digest: z.string(),
  bytes: z.int(),
});

export const EVIDENCE_ROUTES = {
  makeEvidence: {
    method: "post",
    path: "/api/v1/evidence",
    what: "An archive of evidence of the runs of a scope that the caller may read, as a ZIP file that `bailiwick evidence check` checks. Who made it of what is in the server's log, with its digest, before its end is given: one that was broken off is none.",
    needs: { action: "exportAudit", resource: { scope: "scope" } },
    body: newEvidence,
    answer: "download",
  },
  listEvidence: {
    method: "get",
    path: "/api/v1/evidence",
    what: "Archives of evidence that were made here, newest first: by whom, why, of which runs, and their digests; of what the caller may see the use of.",
    needs: { action: "viewUse", resource: "each" },
    query: z.object({
      /** The place of the last one that was seen. */
      after: z.coerce.number().int().nonnegative().optional(),
      limit: z.coerce.number().int().min(1).max(200).default(50),
    }),
    answer: list(evidenceMade),
  },
} as const satisfies Record<string, Route>;

export type NewEvidence = z.output<typeof newEvidence>;
export type EvidenceMade = z.output<typeof evidenceMade>;
