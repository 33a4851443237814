/** Routes by which runs that go on are paused, let go on and ended, and by which their hosts are told. A part of the one table. */
import { z } from "zod";
import { followOrders, followed, leaseOrder, lift, newOrder, order } from "./orders.ts";
import { by, done, list, type Route } from "./route.ts";
import { id } from "./schemas.ts";

export const ORDER_ROUTES = {
  pauseRuns: {
    method: "post",
    path: "/api/v1/orders/pause",
    what: "Stops what goes on in a run, or in all runs of a scope, until `resumeRuns` or the order's end.",
    needs: { action: "pauseRun", resource: { scope: "scope" } },
    body: newOrder,
    answer: order,
  },
  resumeRuns: {
    method: "post",
    path: "/api/v1/orders/resume",
    what: "Lifts the pauses that were ordered for this scope.",
    needs: { action: "pauseRun", resource: { scope: "scope" } },
    body: lift,
    answer: done,
  },
  killRuns: {
    method: "post",
    path: "/api/v1/orders/kill",
    what: "Ends a run, or all runs of a scope; those that start there while the order stands, too.",
    needs: { action: "killRun", resource: { scope: "scope" } },
    body: newOrder,
    answer: order,
  },
  liftKill: {
    method: "post",
    path: "/api/v1/orders/lift-kill",
    what: "Lifts the orders to end runs that stand for this scope.",
    needs: { action: "killRun", resource: { scope: "scope" } },
    body: lift,
    answer: done,
  },
  setLease: {
    method: "post",
    path: "/api/v1/orders/lease",
    what: "Says for how long a run goes on without hearing from the server; 0 seconds: for ever.",
    needs: { action: "setLease", resource: { scope: "scope" } },
    body: leaseOrder,
    answer: done,
  },
  listOrders: {
    method: "get",
    path: "/api/v1/orders",
    what: "Orders and leases, newest first.",
    needs: { action: "viewOrder", resource: "each" },
    query: z.object({ standing: z.enum(["true", "false"]).default("true") }),
    answer: list(order),
  },
  followOrders: {
    method: "post",
    path: "/api/v1/hosts/{host}/orders",
    what: "What the server wants of one of the host's runs, signed; answered when it is other than what the host knows, or after a while.",
    needs: { action: "followOrders", resource: by("Host", "host") },
    params: z.object({ host: id }),
    body: followOrders,
    answer: followed,
  },
} as const satisfies Record<string, Route>;
