/** Proofs: of the server's own log, and of what hosts recorded. Who asks checks them, in a browser too. A part of the one table. */
import { z } from "zod";
import { by, type Route } from "./route.ts";
import { id, runId } from "./schemas.ts";

const head = z.object({
  /** Verifier key of the server's own log. */
  logKey: z.string(),
  /** Verifier key of the server as a witness. */
  witnessKey: z.string(),
  /** A signed note (C2SP tlog-checkpoint). */
  checkpoint: z.string(),
  /** That the log of `since` entries is its beginning (RFC 6962, 2.1.2), in base 64; absent where it has no more than those. */
  consistency: z.array(z.string()).optional(),
});

/** How many entries the caller saw before. */
const since = z.object({ since: z.coerce.number().int().positive().optional() });

export const PROOF_ROUTES = {
  showLogHead: {
    method: "get",
    path: "/api/v1/log-head",
    what: "The head of the server's own log now, and that it continues what the caller saw before.",
    needs: { action: "viewServerLog", resource: "company" },
    query: since,
    answer: head,
  },
  proveNote: {
    method: "get",
    path: "/api/v1/log-proofs/{index}",
    what: "A proof of one entry of the server's own log (C2SP tlog-proof), and that the head it leads to continues what the caller saw before.",
    needs: { action: "viewServerLog", resource: "company" },
    params: z.object({ index: z.coerce.number().int().nonnegative() }),
    query: since,
    answer: head.extend({ proof: z.string() }),
  },
  proveEvent: {
    method: "get",
    path: "/api/v1/runs/{run}/proofs/{seq}",
    what: "A proof that an event of a run is in its host's record (C2SP tlog-proof), by the newest checkpoint that the server cosigned.",
    needs: { action: "readRun", resource: by("Run", "run") },
    params: z.object({ run: runId, seq: z.coerce.number().int().positive() }),
    query: z.object({
      /** `false`: without the personal members of the event, of which the entry has a digest. */
      personal: z.enum(["true", "false"]).default("true"),
    }),
    answer: z.object({
      host: id,
      /** Verifier key of the host's record, as it was enrolled here and rotated since. */
      logKey: z.string(),
      witnessKey: z.string(),
      proof: z.string(),
    }),
  },
} as const satisfies Record<string, Route>;
