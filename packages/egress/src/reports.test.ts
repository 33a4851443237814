import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { profileDecision, refusals } from "./refusals.ts";
import { Reports, type SocketEnds } from "./reports.ts";

const ENDS: SocketEnds = {
  protocol: "tcp",
  localAddress: "198.18.0.1",
  localPort: 1,
  remoteAddress: "198.18.0.2",
  remotePort: 2,
};
const decision = profileDecision(refusals.nameNotAllowed("evil.test"), "sha256:0");

function collect(findOwner = (): Promise<number | undefined> => Promise.resolve(1)): {
  reports: Reports;
  seen: string[];
} {
  const seen: string[] = [];
  const observer = {
    refused: ({ host, exec }: { host: string; exec: number | undefined }) => seen.push(`${host} ${String(exec)}`),
    opened: () => undefined,
    closed: () => undefined,
  };
  return { reports: new Reports({ observer, findOwner }), seen };
}

describe("Reports", () => {
  test("a repeated refusal is one report within the window; another name, exec or reason is another", (t) => {
    t.mock.timers.enable({ apis: ["Date"] });
    const { reports, seen } = collect();
    for (let time = 0; time < 5; time++) reports.refused("evil.test", 0, 1, decision);
    reports.refused("evil.test", 0, 2, decision);
    reports.refused("other.test", 0, 1, decision);
    reports.refused("evil.test", 0, 1, { ...decision, reason: "another" });
    assert.deepEqual(seen, ["evil.test 1", "evil.test 2", "other.test 1", "evil.test 1"]);
    t.mock.timers.tick(2_000);
    reports.refused("evil.test", 0, 1, decision);
    assert.equal(seen.length, 5);
  });

  test("the owner is not known when finding it fails or takes too long", async () => {
    const failing = collect(() => Promise.reject(new Error("gone")));
    assert.equal(await failing.reports.ownerOf(ENDS), undefined);
    const throwing = collect(() => {
      throw new Error("gone");
    });
    assert.equal(await throwing.reports.ownerOf(ENDS), undefined);
    const timers = mock.timers;
    timers.enable({ apis: ["setTimeout"] });
    const slow = collect(() => new Promise(() => undefined)).reports.ownerOf(ENDS);
    timers.tick(1_000);
    assert.equal(await slow, undefined);
    timers.reset();
  });
});
