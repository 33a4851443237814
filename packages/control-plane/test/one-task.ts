/** A task in a pool, and a call of each route about tasks, for the test of all rights. */
import type { RouteName } from "../contract/index.ts";
import type { TestHost } from "./host.ts";
import type { Served } from "./served.ts";

export const POOL = "builders";
/** Only hosts may call these. */
export const OF_RUNNERS: ReadonlySet<RouteName> = new Set(["takeTask", "renewTask", "handInTask"]);

/** Of a person in the team `payments`. @returns its id */
export async function submitOne(served: Served, host: TestHost): Promise<string> {
  const settings = { hosts: [host.id], repositories: ["/srv/git"] };
  await served.owner.call("putPool", { params: { pool: POOL }, body: settings });
  const submitter = await served.person("submitter", ["task-submitter", "Pool", POOL]);
  await served.owner.call("joinTeam", { params: { team: "payments", person: "submitter" } });
  const body = { agent: "claude-code", repository: "/srv/git/shop", prompt: "x" };
  return (await submitter.call("submitTask", { params: { pool: POOL }, body })).id;
}

export function taskCalls(host: string, task: string): Partial<Record<RouteName, object>> {
  const lease = "x".repeat(22);
  return {
    // Of a host that is not there: refused after the right was looked at.
    putPool: { params: { pool: "another" }, body: { hosts: ["not-there"], repositories: [] } },
    listPools: {},
    // About what the pool is not for; likewise.
    submitTask: { params: { pool: POOL }, body: { agent: "x", repository: "/elsewhere", prompt: "x" } },
    listTasks: { query: {} },
    showTask: { params: { task } },
    taskPatch: { params: { task } },
    // The first that may ends it, which is a conflict for all others.
    cancelTask: { params: { task } },
    reviewTask: { params: { task }, body: { verdict: "accepted", patch: `sha256:${"0".repeat(64)}` } },
    takeTask: { params: { host }, body: { pool: POOL, lease } },
    renewTask: { params: { host, task }, body: { lease, state: "leased" } },
    handInTask: { params: { host, task }, body: { lease, outcome: "succeeded" } },
  };
}
