import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LOG_ITSELF, readLog, rotateKey } from "@bailiwick/audit";
import { Client, signAs } from "../../contract/index.ts";
import { bodyFrom, makeHost, type TestHost } from "../../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, startAlone, type Served } from "../../test/served.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({ database: await postgres?.makeDatabase() });
  await served.person("robin");
});
after(async () => {
  await served.stop();
  await postgres?.stop();
});

type Body = NonNullable<Awaited<ReturnType<typeof bodyFrom>>>;

async function appendTo(host: TestHost, body: Body): Promise<unknown> {
  return await host.client.call("appendLog", { params: { host: host.id }, body });
}

async function withHost(work: (host: TestHost) => Promise<void>): Promise<void> {
  const host = await makeHost(served, "robin");
  try {
    await work(host);
  } finally {
    host.remove();
  }
}

/** What the server has of a run, and what the host's record says. */
async function compare(host: TestHost, run: string): Promise<void> {
  const own: unknown[] = [];
  for await (const { event } of readLog(host.log, 0)) if (event.run === run) own.push(event);
  const { items } = await served.owner.call("readRun", { params: { run }, query: { limit: 1_000 } });
  assert.deepEqual(
    items.map(({ event }) => event),
    own,
  );
}

describe("entries that arrive", () => {
  test("whole, in pieces, twice and overlapping: each once", async () => {
    await withHost(async (host) => {
      const run = await host.record({ execs: 40 });
      for (const [from, count] of [
        [0, 5],
        [0, 5],
        [3, 10],
        [13, 1],
        [0, 30],
      ] as const) {
        const body = await bodyFrom(host.log, from, count);
        assert.ok(body);
        await appendTo(host, body);
      }
      const sent = await host.send();
      assert.equal(sent?.size, 41);
      // The server vouches only for a checkpoint of which it has everything.
      assert.match(sent.cosignature ?? "", /^— bailiwick-witness\//);
      await compare(host, run);
    });
  });

  test("many at once, from the same host and from others", async () => {
    const hosts = await Promise.all(Array.from({ length: 8 }, () => makeHost(served, "robin")));
    const runs = await Promise.all(hosts.map((host) => host.record({ execs: 20 })));
    await Promise.all(hosts.flatMap((host) => [host.send(0), host.send(0), host.send(0)]));
    for (const [index, host] of hosts.entries()) {
      await compare(host, runs[index] ?? "");
      host.remove();
    }
  });

  test("a gap, a changed entry, another's checkpoint and a wrong proof are refused; then what is right is taken", async () => {
    await withHost(async (host) => {
      const run = await host.record();
      const body = await bodyFrom(host.log, 0, 3);
      const rest = await bodyFrom(host.log, 3);
      assert.ok(body && rest);
      await assert.rejects(appendTo(host, rest), { code: "SERVER_LOG_GAP" });
      await withHost(async (other) => {
        await other.record();
        const foreign = await bodyFrom(other.log, 0);
        assert.ok(foreign);
        await assert.rejects(appendTo(host, { ...body, checkpoint: foreign.checkpoint }), { code: "SERVER_MALFORMED" });
        await assert.rejects(appendTo(host, foreign), { code: "SERVER_MALFORMED" });
        // Its own name on it, and still the other's signature.
        const origin = readFileSync(join(host.log, "log.vkey"), "latin1").split("+")[0] ?? "";
        const renamed = Buffer.from(foreign.checkpoint, "base64").toString().replace(/^.*\n/, `${origin}\n`);
        await assert.rejects(appendTo(host, { ...foreign, checkpoint: Buffer.from(renamed).toString("base64") }), {
          code: "SERVER_LOG_REFUSED",
        });
      });
      await assert.rejects(appendTo(host, { ...body, proof: [] }), { code: "SERVER_LOG_REFUSED" });
      for (const entries of [`${body.entries.slice(0, -4)}!!!!`, body.entries.slice(0, -1), `${body.entries}====`]) {
        await assert.rejects(appendTo(host, { ...body, entries }), { code: "SERVER_MALFORMED" });
      }
      const bytes = Buffer.from(body.entries, "base64");
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      await assert.rejects(appendTo(host, { ...body, entries: bytes.toString("base64") }), {
        code: "SERVER_LOG_REFUSED",
      });
      const records = Buffer.from(body.records, "base64");
      records[10] = (records[10] ?? 0) ^ 1;
      await assert.rejects(appendTo(host, { ...body, records: records.toString("base64") }), {
        code: "SERVER_MALFORMED",
      });
      await host.send();
      await compare(host, run);
      const { items } = await served.owner.call("listHosts", { query: {} });
      assert.equal(items.find(({ id }) => id === host.id)?.alarm, "signature");
    });
  });

  test("hosts come in pages, each of them once", async () => {
    await withHost(async () => {
      await withHost(async () => {
        await withHost(async () => {
          const whole = await served.owner.call("listHosts", { query: {} });
          assert.equal(whole.next, undefined);
          const paged: string[] = [];
          let after: string | undefined;
          do {
            const page = await served.owner.call("listHosts", {
              query: { limit: 2, ...(after !== undefined && { after }) },
            });
            assert.ok(page.items.length <= 2);
            paged.push(...page.items.map(({ id }) => id));
            after = page.next;
          } while (after !== undefined);
          assert.ok(paged.length >= 3);
          assert.deepEqual(
            paged,
            whole.items.map(({ id }) => id),
          );
        });
      });
    });
  });

  test("entries that are held are compared with those that come again", async () => {
    await withHost(async (host) => {
      await host.record();
      await host.send();
      const body = await bodyFrom(host.log, 0);
      assert.ok(body);
      const bytes = Buffer.from(body.entries, "base64");
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      await assert.rejects(appendTo(host, { ...body, entries: bytes.toString("base64") }), {
        code: "SERVER_LOG_REFUSED",
      });
      await appendTo(host, body);
    });
  });

  test("a rotated key is followed through the entry that both keys vouch for", async () => {
    await withHost(async (host) => {
      await host.record();
      await rotateKey(host.log, { by: "robin", at: Date.now() });
      const run = await host.record();
      while ((await host.send()) !== undefined);
      await compare(host, run);
      let rotated = 0;
      for await (const { event } of readLog(host.log, 0)) if (event.run === LOG_ITSELF) rotated += 1;
      assert.equal(rotated, 1);
    });
  });

  test("of a host that was revoked, or whose person has no access any more, nothing is taken from then on", async () => {
    const ends: ((host: TestHost) => Promise<unknown>)[] = [
      ({ id }) => served.owner.call("revokeHost", { params: { host: id }, body: { reason: "x" } }),
      () => served.owner.call("endPerson", { params: { person: "robert" }, query: {} }),
    ];
    await served.person("robert");
    for (const end of ends) {
      const host = await makeHost(served, "robert");
      await host.record();
      const [first, second] = [await bodyFrom(host.log, 0, 2), await bodyFrom(host.log, 2)];
      assert.ok(first && second);
      // The server remembers who sends.
      await appendTo(host, first);
      await end(host);
      await assert.rejects(appendTo(host, second), { code: "SERVER_UNKNOWN_CALLER" });
      const { items } = await served.owner.call("listHosts", { query: {} });
      assert.equal(items.find(({ id }) => id === host.id)?.size, 2);
      host.remove();
    }
  });

  test("a request that was signed at another time, for another path or another body is refused", async () => {
    await withHost(async (host) => {
      const { url } = served.server;
      const { signRequest } = await import("../../contract/index.ts");
      const target = `${url}/api/v1/hosts/${host.id}/log`;
      const get = async (headers: Record<string, string>, at = target): Promise<string> => {
        const response = await fetch(at, { headers });
        const { error } = (await response.json()) as { error?: { code: string } };
        return error?.code ?? "ok";
      };
      const request = { method: "GET", url: target, body: new Uint8Array(0) };
      const key = { host: host.id, privateKey: host.privateKey };
      const signed = await signRequest(request, key, Date.now());
      assert.equal(await get(signed), "ok");
      assert.equal(await get(signed, `${url}/api/v1/me`), "SERVER_UNKNOWN_CALLER");
      assert.equal(await get({ ...signed, authorization: "Bearer bwp_x" }), "SERVER_UNKNOWN_CALLER");
      assert.equal(
        await get(await signRequest(request, { ...key, host: "other" }, Date.now())),
        "SERVER_UNKNOWN_CALLER",
      );
      assert.equal(await get(await signRequest(request, key, Date.now() - 120_000)), "SERVER_CLOCK_SKEW");
      const undigested = Object.entries(signed).filter(([name]) => name !== "content-digest");
      assert.equal(await get(Object.fromEntries(undigested)), "SERVER_UNKNOWN_CALLER");
      for (const broken of ["", "x", "sig=()", `sig=("@method");keyid="${host.id}"`]) {
        assert.equal(await get({ ...signed, "signature-input": broken }), "SERVER_UNKNOWN_CALLER", broken);
      }
      // A host whose clock is wrong learns the time from the server, and goes on.
      const realNow = Date.now;
      try {
        const client = new Client({ url, by: signAs(host.id, host.privateKey) });
        Date.now = () => realNow() - 3_600_000;
        assert.deepEqual(await client.call("logState", { params: { host: host.id } }), { size: 0 });
      } finally {
        Date.now = realNow;
      }
    });
  });
});

/** Places of the order of arrival, as somebody sees them who watches from the beginning. */
async function watchAt(url: string, token: string, { after, until }: { after: number; until: number }) {
  const client = new Client({ url, by: { token } });
  const headers = { "last-event-id": String(after) };
  const { body } = await client.open("watchRuns", {}, { headers });
  const seen: number[] = [];
  let rest = "";
  assert.ok(body);
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("id: ")) seen.push(Number(line.slice(4)));
    if ((seen.at(-1) ?? 0) >= until) break;
  }
  return seen;
}

/** Two instances of one server, with a developer. */
async function startTwo() {
  const database = await postgres?.makeDatabase();
  const first = await serve({ database });
  const second = await startAlone({ database, state: first.state });
  await first.person("robin");
  return { first, second };
}

describe("the live stream", () => {
  test(
    "has every event once and in its order at each of two instances that both take what arrives",
    { skip: "missing" in found ? found.missing : false },
    async () => {
      const { first, second } = await startTwo();
      const through = (of: typeof first.server) => ({ owner: first.owner, server: of });
      const all = [first.server, second.server].flatMap((of) => [of, of, of]);
      const hosts = await Promise.all(all.map((of) => makeHost(through(of), "robin")));
      try {
        const until = hosts.length * 61;
        const watching = [first.server, second.server].map(({ url }) =>
          watchAt(url, first.ownerToken, { after: 0, until }),
        );
        await Promise.all(
          hosts.map(async (host) => {
            await host.record({ execs: 60 });
            for (let from = 0; from < 61;) {
              const body = await bodyFrom(host.log, from, 3);
              assert.ok(body);
              await appendTo(host, body);
              from += body.count;
            }
          }),
        );
        for (const seen of await Promise.all(watching)) {
          assert.deepEqual(
            seen,
            Array.from({ length: until }, (_, index) => index + 1),
          );
        }
      } finally {
        for (const host of hosts) host.remove();
        await second.server.close();
        await first.stop();
      }
    },
  );

  test(
    "goes on after the last event that came, over another instance of the server",
    { skip: "missing" in found ? found.missing : false },
    async () => {
      const { first, second } = await startTwo();
      const host = await makeHost(first, "robin");
      const watch = (after: number, until: number): Promise<number[]> =>
        watchAt(second.server.url, first.ownerToken, { after, until });
      try {
        await host.record({ execs: 9 });
        const watching = watch(0, 10);
        await host.send();
        assert.deepEqual(await watching, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        const later = watch(7, 15);
        await host.record({ execs: 4 });
        await host.send();
        assert.deepEqual(await later, [8, 9, 10, 11, 12, 13, 14, 15]);
      } finally {
        host.remove();
        await second.server.close();
        await first.stop();
      }
    },
  );
});
