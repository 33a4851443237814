import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeHost, type TestHost } from "../../test/host.ts";
import { serve, type Served } from "../../test/served.ts";

let served: Served;
let host: TestHost;
before(async () => {
  served = await serve();
  await served.person("robin");
  host = await makeHost(served, "robin");
});
after(async () => {
  host.remove();
  await served.stop();
});

const show = async (client = served.owner) => await client.call("showHost", { params: { host: host.id } });
const counts = { execs: 3, refused: 0, asked: 0, connections: 0, hostsRefused: 0 };
const layer = (name: string, state: "enforced" | "unavailable", detail = "") => ({ layer: name, state, detail });

describe("a host at the server", () => {
  test("without a run nothing is said of what it enforces", async () => {
    const { enforcement, lastRun, going, checkpoint, policies } = await show();
    assert.deepEqual([enforcement, lastRun, going, checkpoint], [[], undefined, 0, undefined]);
    assert.equal(policies?.state, "never");
  });

  test("version, kernel and layers are its newest run's; what is weaker names the run before; what has no end goes on", async () => {
    const strong = [layer("seccomp", "enforced"), layer("landlock:scopes", "enforced", "signals end")];
    const first = await host.record({ kernel: "6.12.1", enforcement: strong });
    const weak = [layer("seccomp", "enforced"), layer("landlock:scopes", "unavailable", "needs ABI 6")];
    const second = await host.record({ kernel: "6.6.1", enforcement: weak });
    await host.write([{ type: "run.ended", at: Date.now(), status: 0, reason: "exited", counts, wallMs: 1 }], first);
    await host.send();
    const facts = await show();
    assert.deepEqual(
      [facts.lastRun?.run, facts.lastRun?.kernel, facts.lastRun?.missing, facts.lastRun?.layers, facts.going],
      [second, "6.6.1", 1, 2, 1],
    );
    assert.deepEqual(
      facts.enforcement.map(({ layer: name, before: earlier }) => [name, earlier?.run]),
      [
        ["seccomp", undefined],
        ["landlock:scopes", first],
      ],
    );
    assert.match(facts.checkpoint ?? "", new RegExp(`^${facts.origin}\n`));
    const { items } = await served.owner.call("listHosts", { query: {} });
    const listed = items.find(({ id }) => id === host.id);
    assert.deepEqual([listed?.lastRun, listed?.going], [facts.lastRun, facts.going]);
  });

  test("orders for all of its runs are shown to who may see orders, and those for other hosts to nobody", async () => {
    const reason = "it reads what it should not";
    await served.owner.call("killRuns", { body: { scope: { type: "Person", id: "robin" }, reason } });
    await served.owner.call("setLease", { body: { scope: { type: "Host", id: host.id }, seconds: 300, reason } });
    await served.owner.call("pauseRuns", { body: { scope: { type: "Person", id: "olivia" }, reason } });
    const kinds = async (client = served.owner) => (await show(client)).orders.map(({ kind }) => kind).sort();
    assert.deepEqual(await kinds(), ["kill", "lease"]);
    await served.owner.call("defineRole", { params: { role: "looker" }, body: { actions: ["viewHost"] } });
    assert.deepEqual(await kinds(await served.person("lou", ["looker", "Host", host.id])), []);
  });

  test("what is revoked is so once, with a reason that is in the server's log", async () => {
    const revoke = async () =>
      await served.owner.call("revokeHost", { params: { host: host.id }, body: { reason: "sold" } });
    await revoke();
    await assert.rejects(revoke(), { code: "SERVER_NOT_FOUND" });
    const { revokedAt, policies } = await show();
    assert.ok(revokedAt !== undefined);
    assert.equal(policies, undefined);
    const { items } = await served.owner.call("report", { query: { host: host.id } });
    const notes = items.filter(({ type }) => type === "host.revoked").map(({ who, note }) => [who, note["reason"]]);
    assert.deepEqual(notes, [["olivia", "sold"]]);
  });
});
