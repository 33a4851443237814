/** Texts that become policies, looked at before anybody keeps them: what is wrong and where, in words, with their tests, and for one command. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { writeBundle, type BundleText } from "@bailiwick/policy";
import type { Client } from "../../contract/index.ts";
import { findPostgres, startPostgres, type Postgres } from "../../test/postgres.ts";
import { serve, type Served } from "../../test/served.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
let author: Client;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({ database: await postgres?.makeDatabase() });
  await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
  author = await served.person("ada", ["policy-author", "Company", "company"]);
});
after(async () => {
  await served.stop();
  await postgres?.stop();
});

const COMPANY = { type: "Company", id: "company" } as const;
const forbid = (program: string, more = ""): string =>
  `@id("corp.${program}") @reason("not for agents") ${more}\nforbid (principal, action == Action::"exec", resource in ProgramGroup::"${program}");\n`;

interface Parts {
  readonly policies?: readonly BundleText[];
  readonly tests?: readonly BundleText[];
  readonly profile?: string;
  readonly team?: string;
}

function text({ policies = [], tests = [], profile, team }: Parts): string {
  const of = team === undefined ? { layer: "company", scope: "company" } : { layer: "team", scope: team };
  return writeBundle({
    ...(of as { layer: "team"; scope: string }),
    policies,
    tests,
    profile,
    requiredWithinHours: undefined,
  });
}

const check = (parts: Parts) => author.call("checkPolicy", { body: { scope: COMPANY, bundle: text(parts) } });

describe("looking at policies", () => {
  test("a fault says where it is, and there are no words beside it", async () => {
    const { problems, policies } = await check({
      policies: [
        { name: "a.cedar", text: forbid("seq") },
        { name: "b.cedar", text: `\n${forbid("ls").replace("resource in", "resource at")}` },
      ],
    });
    assert.deepEqual(policies, []);
    assert.deepEqual([problems[0]?.severity, problems[0]?.file, problems[0]?.line], ["error", "b.cedar", 3]);
    assert.ok((problems[0]?.column ?? 0) > 1);
  });

  test("what is right is said in words, with its tests as they come out", async () => {
    const toml = (expect: string): string =>
      `[[test]]\nname = "${expect}"\nargv = ["seq", "1"]\nexpect = "${expect}"\n`;
    const { problems, policies, tests } = await check({
      policies: [{ name: "a.cedar", text: forbid("seq", '@instead("count")') }],
      tests: [
        { name: "a.test.toml", text: toml("deny") + toml("allow") },
        { name: "b.test.toml", text: "[[test]]\nname = 1" },
      ],
    });
    assert.deepEqual(
      problems.map(({ file }) => file),
      ["b.test.toml"],
    );
    const words = "starting a program (seq)";
    const said = { does: "refuses", words, reason: "not for agents", instead: "count" } as const;
    assert.deepEqual(policies, [{ id: "corp.seq", file: "a.cedar", line: 1, ...said }]);
    assert.deepEqual(
      tests.map(({ file, name, passed }) => [file, name, passed]),
      [
        ["a.test.toml", "deny", true],
        ["a.test.toml", "allow", false],
      ],
    );
    assert.match(tests[1]?.message ?? "", /expected allow, got deny by `corp.seq`/);
  });

  test("what is no bundle, for another scope, beyond the layer above, or no profile is a problem and not a failure", async () => {
    const scope = { type: "Team", id: "payments" } as const;
    const ask = async (bundle: string) => (await author.call("checkPolicy", { body: { scope, bundle } })).problems;
    const permit = { name: "a.cedar", text: '@id("x") permit (principal, action, resource);' };
    for (const [bundle, file, message] of [
      ["none", undefined, /can't be used/],
      [text({}), undefined, /for company, and not for team payments/],
      [text({ team: "payments", policies: [permit] }), "a.cedar", /only forbid and ask/],
      [
        text({ team: "payments", profile: "[network]\nallow = []\n" }),
        "profile.toml",
        /has none that it could tighten/,
      ],
    ] as const) {
      const [problem] = await ask(bundle);
      assert.equal(problem?.file, file);
      assert.match(problem?.message ?? "", message);
    }
    const [profile] = (await check({ profile: "[netwrok]\n" })).problems;
    assert.equal(profile?.file, "profile.toml");
    // Negative control.
    assert.deepEqual(await ask(text({ team: "payments" })), []);
  });

  test("a command and a host are decided under the text, and by which policies", async () => {
    const bundle = text({ policies: [{ name: "a.cedar", text: forbid("seq") }] });
    const explain = (asked: { argv: string[] } | { host: string }) =>
      author.call("explainPolicy", { body: { scope: COMPANY, bundle, asked } });
    const refused = await explain({ argv: ["seq", "1"] });
    assert.deepEqual([refused.outcome, refused.reason], ["deny", "not for agents"]);
    const by = refused.applied.find(({ id }) => id === "corp.seq");
    assert.deepEqual([by?.source, by?.line, by?.result], ["company/a.cedar", 1, "satisfied"]);
    assert.equal((await explain({ argv: ["ls"] })).outcome, "allow");
    assert.equal((await explain({ host: "example.com" })).outcome, "allow");
    const asked = { argv: ["ls"] };
    await assert.rejects(author.call("explainPolicy", { body: { scope: COMPANY, bundle: "none", asked } }), {
      code: "SERVER_MALFORMED",
    });
  });

  test("more at once than the server has memory for are told to come back", async () => {
    const many = Array.from({ length: 12 }, () => check({ policies: [{ name: "a.cedar", text: forbid("seq") }] }));
    const codes = (await Promise.allSettled(many)).flatMap((each) =>
      each.status === "rejected" ? [(each.reason as { code: string }).code] : [],
    );
    assert.ok(codes.length > 0 && codes.every((code) => code === "SERVER_BUSY"), codes.join());
    assert.deepEqual((await check({})).problems, []);
  });

  test("who may not see a scope's policies is told nothing of it", async () => {
    const stranger = await served.person("eve", ["policy-author", "Team", "payments"]);
    const body = { scope: COMPANY, bundle: text({}) };
    await assert.rejects(stranger.call("checkPolicy", { body }), { code: "SERVER_FORBIDDEN" });
    const asked = { argv: ["ls"] };
    await assert.rejects(stranger.call("explainPolicy", { body: { ...body, asked } }), { code: "SERVER_FORBIDDEN" });
  });
});
