/** The server behind something that ends TLS, and what its log says of who was refused. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { describe, test } from "node:test";
import { mkdtempSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../contract/index.ts";
import { serve, startAlone } from "../test/served.ts";
import { Refusals } from "./routes/refusals.ts";
import { mayBePlain, proxiesOf } from "./serve.privileged.ts";

/** Guesses, until it is told to wait. @returns the status of the last of them */
async function guess(url: string, { times, from }: { readonly times: number; readonly from: string }): Promise<number> {
  let status = 0;
  for (let time = 0; time < times; time++) {
    const headers = { authorization: `Bearer bwt_${"x".repeat(43)}`, "x-forwarded-for": `1.2.3.4, ${from}` };
    status = await new Promise<number>((resolve, reject) => {
      const asked = request(`${url}/api/v1/people`, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on("error", reject).end();
    });
  }
  return status;
}

/** Of this machine, as others see it: who connects by one comes from it. A machine may have none. */
function ownAddresses() {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return all.filter(({ family, internal }) => family === "IPv4" && !internal);
}

describe("behind a trusted proxy", () => {
  test("each caller is braked by itself", async () => {
    const served = await serve({ trustedProxies: ["127.0.0.1"] });
    try {
      const { url } = served.server;
      assert.equal(await guess(url, { times: 31, from: "203.0.113.9" }), 429);
      assert.equal(await guess(url, { times: 1, from: "203.0.113.10" }), 401);
    } finally {
      await served.stop();
    }
  });

  test("negative control: where none is trusted, who says it comes from elsewhere is braked all the same", async () => {
    const served = await serve();
    try {
      const { url } = served.server;
      assert.equal(await guess(url, { times: 31, from: "203.0.113.9" }), 429);
      assert.equal(await guess(url, { times: 1, from: "203.0.113.10" }), 429);
    } finally {
      await served.stop();
    }
  });
});

describe("without TLS", () => {
  test("the server listens to nobody but its own machine, unless something in front of it is named", async () => {
    const listen = { host: "0.0.0.0", port: 0, tls: undefined };
    await assert.rejects(startAlone({ listen }), { code: "SERVER_CANNOT_START", message: /no certificate/ });
    const { server, state } = await startAlone({ listen, trustedProxies: ["198.51.100.7"] });
    const { port } = new URL(server.url);
    try {
      assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
      for (const { address } of ownAddresses()) {
        await assert.rejects(fetch(`http://${address}:${port}/healthz`), TypeError, address);
      }
    } finally {
      await server.close();
      rmSync(state, { recursive: true, force: true });
    }
  });

  test("who connects from elsewhere is not heard", () => {
    const proxies = proxiesOf(["192.0.2.0/24"]);
    for (const from of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "192.0.2.7", "::ffff:192.0.2.7"]) {
      assert.equal(mayBePlain(from, proxies), true, from);
    }
    for (const from of ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1", ""]) {
      assert.equal(mayBePlain(from, proxies), false, from);
    }
    assert.equal(mayBePlain("192.0.2.7", undefined), false);
  });
});

describe("who was refused", () => {
  test("is in the server's log, counted", async () => {
    const state = mkdtempSync(join(tmpdir(), "bailiwick-server-"));
    try {
      const served = await serve({ state });
      const { url } = served.server;
      await guess(url, { times: 3, from: "203.0.113.9" });
      const nobody = new Client({ url, by: { nobody: true } });
      const body = { token: `bws_${"x".repeat(43)}`, id: "mallory", name: "Mallory" };
      await assert.rejects(nobody.call("setUp", { body }), { code: "SERVER_TOKEN_INVALID" });
      // What was counted is written when the server ends, too.
      await served.stop();
      const { server } = await startAlone({ state });
      const owner = new Client({ url: server.url, by: { token: served.ownerToken } });
      const { items } = await owner.call("report", { query: {} });
      await server.close();
      const [refused] = items.filter(({ type }) => type === "callers.refused");
      assert.deepEqual(refused?.note["counts"], [
        { route: "listPeople", code: "SERVER_UNKNOWN_CALLER", times: 3 },
        { route: "setUp", code: "SERVER_TOKEN_INVALID", times: 1 },
      ]);
      assert.equal(refused.note["addresses"], 1);
      assert.ok(!JSON.stringify(refused).includes("127.0.0.1"));
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });

  test("goes into the next entry when there is no database, and nothing is written when nobody was", async () => {
    const noted: unknown[] = [];
    let away = true;
    const note = async (given: unknown): Promise<void> => {
      if (away) throw new Error("away");
      await Promise.resolve(noted.push(given));
    };
    let time = 0;
    const refusals = new Refusals({ note }, () => (time += 1_000));
    try {
      await refusals.write();
      const refusal = {
        route: "listPeople",
        code: "SERVER_UNKNOWN_CALLER",
        open: false,
        address: "203.0.113.9",
      } as const;
      refusals.count(refusal);
      await assert.rejects(refusals.write());
      away = false;
      refusals.count({ ...refusal, address: "203.0.113.10" });
      // Somebody's right was looked at, and that is in the log by itself.
      refusals.count({ ...refusal, code: "SERVER_FORBIDDEN" });
      refusals.count({ ...refusal, code: "SERVER_FORBIDDEN", open: true, route: "finishSignIn" });
      await refusals.write();
      const counts = [
        { route: "listPeople", code: "SERVER_UNKNOWN_CALLER", times: 2 },
        { route: "finishSignIn", code: "SERVER_FORBIDDEN", times: 1 },
      ];
      assert.deepEqual(noted, [{ type: "callers.refused", since: 2_000, addresses: 2, counts }]);
      await refusals.write();
      assert.equal(noted.length, 1);
    } finally {
      await refusals.close();
    }
  });
});
