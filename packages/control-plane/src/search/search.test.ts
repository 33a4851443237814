import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eraseRuns, openRunLog, type NewEvent } from "@bailiwick/audit";
import { makeRunId, type RunId } from "@bailiwick/base";
import { Client } from "../../contract/index.ts";
import { makeHost, type TestHost } from "../../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, startAlone, type Served } from "../../test/served.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const found = findPostgres();
let made = 0;

for (const kind of ["postgres", "embedded"] as const) {
  const skip = kind === "postgres" && "missing" in found ? found.missing : false;
  describe(`searching at a server on ${kind}`, { skip }, () => {
    let postgres: Postgres | undefined;
    let served: Served;
    let host: TestHost;
    let database: string | undefined;
    let owner: Client;
    let again: Awaited<ReturnType<typeof startAlone>> | undefined;
    before(async () => {
      if (kind === "postgres" && "programs" in found) postgres = await startPostgres(found.programs);
      database = await postgres?.makeDatabase();
      served = await serve({ database });
      owner = served.owner;
      await served.person("robin");
      await served.person("dana");
      host = await makeHost(served, "robin");
    });
    after(async () => {
      host.remove();
      await again?.server.close();
      await served.stop();
      await postgres?.stop();
    });

    const lines = async (query: string, by: Client = owner): Promise<string[]> =>
      (await by.call("searchEvents", { query: { query } })).items.map(({ line }) => line);

    test("words, phrases, beginnings, tags, patterns, and what is not wanted", async () => {
      const run = await record(host, [
        exec(1, ["git", "push", "origin"], { outcome: "deny", reason: "pushing is for people" }),
        exec(2, ["cat", "/home/robin/shop/Straße/öffne-mich.txt"]),
        { type: "exec.ended", at: Date.now(), exec: 2, status: 2, wallMs: 1 },
        reached("api.example.com"),
        reached("cdn.example.com"),
        exec(3, ["echo", "\ud800 nul\0 it's 'quoted' & | ! :* <-> \\\\"]),
      ]);
      await host.send();
      await until(async () => (await lines(`run:${run} quoted`)).length > 0);
      const cases: readonly (readonly [query: string, ...lines: RegExp[]])[] = [
        ["git push", /^git push origin$/],
        ["push git", /^git push origin$/],
        ['"push git"'],
        ['"git push"', /^git push origin$/],
        ["pus*", /^git push origin$/],
        ["offne", /öffne-mich/],
        ["STRASSE"],
        ["straße", /öffne-mich/],
        ["decision:refused", /^git push origin$/],
        ["people", /^git push origin$/],
        ["host:api.example.com", /^api\.example\.com:443$/],
        ["host:*.example.com", /^cdn/, /^api/],
        ["host:*.example.com -host:cdn.example.com", /^api/],
        ["file:cat", /öffne-mich/],
        ["program:git", /^git push/],
        ["policy:push", /^git push/],
        ["echo quoted", /quoted/],
        ["echo nul", /quoted/],
        ["'quoted'", /quoted/],
        ["example -api -cdn"],
        ["status:failed", /öffne-mich/],
        ["status:2", /öffne-mich/],
        ["since:1h program:git user:robin agent:claude-code project:shop", /^git push/],
        ["until:1h program:git"],
        ["host:%"],
        ["host:api_example_com"],
      ];
      for (const [query, ...expected] of cases) {
        const seen = await lines(`run:${run} ${query}`);
        assert.equal(seen.length, expected.length, `${query}: ${seen.join("\n")}`);
        for (const [index, pattern] of expected.entries()) assert.match(seen[index] ?? "", pattern, query);
      }
      assert.deepEqual(await lines("user:dana"), []);
    });

    test("what can't be looked for is said", async () => {
      for (const query of ["nonsense:x", "--- ", 'text:"shown"', "since:never", '"open']) {
        await assert.rejects(lines(query), { code: "SERVER_MALFORMED" }, query);
      }
    });

    test("pages go on where they ended, each match once", async () => {
      const run = await record(
        host,
        Array.from({ length: 1_205 }, (_, index) => exec(index + 1, ["true", String(index)])),
      );
      await host.send();
      await until(async () => (await lines(`run:${run} 1204`)).length > 0);
      const seen: number[] = [];
      for (let after: number | undefined; ;) {
        const page = await owner.call("searchEvents", {
          query: { query: `run:${run} program:true`, after, limit: 100 },
        });
        seen.push(...page.items.map(({ seq }) => seq));
        if (page.next === undefined) break;
        after = page.next;
      }
      assert.equal(seen.length, 1_205);
      assert.deepEqual(
        seen,
        [...new Set(seen)].sort((a, b) => b - a),
      );
    });

    test("everybody finds what they may read, and nothing else", async () => {
      const run = await record(host, [exec(1, ["make", "unicorns"])]);
      await host.send();
      await until(async () => (await lines("unicorns")).length > 0);
      const reader = await served.person("reader");
      const viewer = await served.person("viewer", ["run-approver", "Run", run]);
      assert.deepEqual(await lines("unicorns", reader), []);
      // Seeing that there is a run is not reading it.
      assert.deepEqual(await lines("unicorns", viewer), []);
      await served.owner.call("grantRole", {
        body: { to: { type: "Person", id: "reader" }, role: "auditor", scope: { type: "Run", id: run } },
      });
      assert.deepEqual(await lines("unicorns", reader), ["make unicorns"]);
      assert.deepEqual(await lines("git", reader), []);
    });

    test("what is erased is not found any more, nor by a pattern; nor does it come back", async () => {
      const run = await record(host, [
        exec(1, ["cat", "/home/robin/diary"], { path: "/opt/secret-tool" }),
        reached("kept.example.net"),
      ]);
      await host.send();
      await until(
        async () => (await lines(`run:${run} diary`)).length > 0 && (await lines("file:*/secret-*")).length > 0,
      );
      await eraseRuns(host.log, {
        runs: [run],
        by: "robin",
        reason: "asked for",
        at: Date.now(),
        isRunning: () => false,
      });
      await host.send();
      await until(async () => (await lines(`run:${run} erased`)).length > 0);
      assert.deepEqual([await lines("diary"), await lines("file:*/secret-*")], [[], []]);
      // That there was an exec is still found.
      await until(async () => (await lines(`run:${run} decision:allowed`)).length > 0);
      assert.deepEqual([await lines("diary"), await lines("file:*/secret-*")], [[], []]);
    });

    test("made anew it finds the same, and nothing that was erased", async () => {
      const all = await everything();
      assert.ok(all.length > 1_200);
      await served.server.close();
      again = await startAlone({ database, state: served.state, rebuildSearch: true });
      owner = new Client({ url: again.server.url, by: { token: served.ownerToken } });
      await until(async () => (await everything()).length >= all.length);
      assert.deepEqual(await everything(), all);
      assert.deepEqual(await lines("diary"), []);
    });

    const everything = async (): Promise<number[]> => {
      const seen: number[] = [];
      for (let after: number | undefined; ;) {
        const page = await owner.call("searchEvents", { query: { query: "since:1d", after, limit: 1_000 } });
        seen.push(...page.items.map(({ seq }) => seq));
        if (page.next === undefined) return seen;
        after = page.next;
      }
    };
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(20);
}

async function record(host: TestHost, events: readonly NewEvent[]): Promise<RunId> {
  made += 1;
  const run = makeRunId(Date.now(), Buffer.alloc(10, 200 + made));
  const log = await openRunLog({ directory: host.log, run });
  const started: NewEvent = {
    ...{ type: "run.started", at: Date.now(), user: "robin", hostname: "laptop", agent: "claude-code" },
    ...{
      command: { values: ["claude"] },
      workspace: "/home/robin/shop",
      profile: { name: "standard", digest: DIGEST },
    },
    ...{ policyDigest: DIGEST, enforcement: [], follows: log.follows, version: "0.1.0" },
  };
  await Promise.all([started, ...events].map((event) => log.append(event)));
  await log.close();
  return run;
}

interface ExecFacts {
  readonly outcome?: "allow" | "deny";
  readonly reason?: string;
  readonly path?: string;
}

function exec(id: number, argv: readonly string[], { outcome = "allow", reason = "", path }: ExecFacts = {}): NewEvent {
  const [asked = ""] = argv;
  const facts = {
    ...{
      at: Date.now(),
      exec: id,
      parent: 0,
      pid: 100 + id,
      asked,
      argv: { values: [...argv] },
      cwd: "/home/robin/shop",
    },
    program: { path: path ?? `/usr/bin/${asked}`, digest: DIGEST },
    decision: { outcome, policies: outcome === "deny" ? [argv[1] ?? ""] : [], reason, policyDigest: DIGEST },
  };
  return outcome === "deny" ? { type: "exec.refused", ...facts } : { type: "exec.allowed", ...facts };
}

function reached(host: string): NewEvent {
  return {
    ...{ type: "connection.opened", at: Date.now(), connection: 1, host, port: 443, address: "192.0.2.1" },
    decision: { outcome: "allow", policies: [], reason: "", policyDigest: DIGEST },
  };
}
