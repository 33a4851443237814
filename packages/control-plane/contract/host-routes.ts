/** All that the server knows of one host. A part of the one table. */
import { z } from "zod";
import { order } from "./orders.ts";
import { drift } from "./policies.ts";
import { by, type Route } from "./route.ts";
import { host, id } from "./schemas.ts";

const layer = z.object({
  /** `namespaces`, `landlock`, `seccomp`, `limit:processes`, … */
  layer: z.string(),
  /** `absent`: the statement does not speak of it, and one before did, of the same profile. */
  state: z.enum(["enforced", "unavailable", "absent"]),
  detail: z.string(),
  /** The run in which it was enforced before, where it is not any more. */
  before: z.object({ run: z.string(), at: z.number(), detail: z.string() }).optional(),
});

export const hostFacts = host.extend({
  /** Verifier key of its record: of the key that signs it now. */
  logKey: z.string(),
  /** The newest checkpoint of its record that the server held whole, with its cosignature (C2SP signed-note). */
  checkpoint: z.string().optional(),
  /** What its newest run stated to be enforced; of the runs before it the last 20 are compared. */
  enforcement: z.array(layer),
  /** Profile of that run. */
  profile: z.string().optional(),
  /** What is ordered for all its runs now, as far as the caller may see orders. */
  orders: z.array(order),
  /** Which policies it was told and runs with; of a host that was revoked none. */
  policies: drift.optional(),
});

export const HOST_ROUTES = {
  showHost: {
    method: "get",
    path: "/api/v1/hosts/{host}",
    what: "One host: what it can enforce, what is ordered for it, which policies it has, and the checkpoint that was cosigned.",
    needs: { action: "viewHost", resource: by("Host", "host") },
    params: z.object({ host: id }),
    answer: hostFacts,
  },
} as const satisfies Record<string, Route>;

export type HostFacts = z.infer<typeof hostFacts>;
