import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event, EventOf, LoggedEvent } from "@bailiwick/audit";
import type { Facts } from "./facts.ts";
import { reportOf } from "./report.ts";

const RUN = "01".repeat(13);
const DIGEST = `sha256:${"ab".repeat(32)}`;
const decision: EventOf<"host.refused">["decision"] = {
  outcome: "deny",
  policies: ["p"],
  reason: "not so",
  policyDigest: DIGEST,
};
const base = { v: 1, run: RUN, at: 0 } as const;

function factsWith(...events: readonly Event[]): Facts {
  const refusals = events.map((event, index): LoggedEvent => ({ index, event, erased: false }));
  const counts = { execs: 0, refused: 0, asked: 0, connections: 0, hostsRefused: 0 };
  const summary = { run: RUN, first: 0, last: 9, entries: 10, counts };
  return {
    period: { from: 0, to: 1 },
    project: undefined,
    runs: [
      {
        ...{ host: undefined, summary, started: undefined, asked: new Map() },
        approvals: { first: [], indexes: [] },
        refusals: { first: refusals, indexes: refusals.map(({ index }) => index) },
      },
    ],
    unattributed: 0,
    found: new Map(),
    logs: [
      {
        host: undefined,
        key: "k",
        verification: {
          ok: true,
          origin: "o",
          head: { size: 10, root: "" },
          entries: 10,
          runs: 1,
          unended: [],
          erased: [],
          rotations: 0,
          problems: [],
        },
      },
    ],
    order: undefined,
    key: "k",
    madeAt: 0,
    version: "0",
  };
}

/** The rows under “What was refused”. */
function refused(...events: readonly Event[]): readonly string[] {
  const blocks = reportOf(factsWith(...events), []);
  const at = blocks.findIndex((block) => block.kind === "heading" && block.text === "What was refused");
  const block = blocks[at + 1];
  return block?.kind === "table" ? block.rows.map((row) => row[2] ?? "") : [];
}

test("commands, hosts and requests that were refused are each said as what they are", () => {
  const host: EventOf<"host.refused"> = { ...base, type: "host.refused", host: "a.test", port: 0, decision };
  const request: EventOf<"request.refused"> = {
    ...base,
    type: "request.refused",
    connection: 1,
    host: "a.test",
    port: 443,
    method: "POST",
    path: "/x\u001b[2J",
    query: [],
    decision,
  };
  assert.deepEqual(refused(host, { ...host, port: 22 }, request), ["a.test", "a.test:22", "POST a.test:443/x\\x1b[2J"]);
  const [long = ""] = refused({ ...request, path: `/${"a".repeat(5_000)}` });
  assert.ok(long.length < 200 && long.endsWith("…"));
  assert.deepEqual(refused(), []);
});
