/** What somebody who answered a question proposed becomes a test of a draft, whatever was asked about; and drafts are rejected. All by the shipped command. */
import assert from "node:assert/strict";
import type { Server } from "node:https";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { addPerson, enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { eventually } from "../support/going.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";
import { makeAuthority, serveHttps } from "../support/https-server.ts";
import { startCommand } from "../support/ongoing.ts";
import { readServerNotes } from "../support/server-log.ts";

const found = findPostgres();
const authority = makeAuthority();
let postgres: Postgres | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;
let author: SignedIn;
let approver: SignedIn;
let host: Place;
let outside: Server;
let port = 0;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  const database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
  author = await addPerson(owner, server, "ada", {
    roles: ["policy-author", "policy-approver"],
    actions: ["viewPolicy", "editPolicy", "approvePolicy", "viewProposal"],
  });
  approver = await addPerson(owner, server, "bo", {
    roles: ["policy-approver", "run-approver"],
    actions: ["viewPolicy", "approvePolicy", "rollOutPolicy", "viewQuestion", "answerQuestion"],
  });
  await owner.call("addPerson", { body: { id: "robin", name: "Robin" } });
  host = makePlace();
  await enrol(owner, server, host, "robin");
  ({ server: outside, port } = await serveHttps(authority.identityOf("api.test"), (_, response) =>
    response.end("yes"),
  ));
});
after(async () => {
  outside.close();
  outside.closeAllConnections();
  authority.remove();
  await server.stop();
  await postgres?.stop();
  for (const place of [serverPlace, host, owner.place, author.place, approver.place]) place.remove();
});

/** Runs what a policy asks about; somebody says yes and proposes it. @returns the proposal's id */
async function propose(context: TestContext, asking: string, argv: readonly string[]): Promise<string> {
  const profile = host.write(
    "profile.toml",
    `extends = "standard"
[network]
allow = ["api.test:${String(port)}", "other.test:${String(port)}"]
inspect = ["api.test"]
trust = ["${authority.file}"]
[network.hosts]
"api.test" = "127.0.0.1"
"other.test" = "127.0.0.1"
`,
  );
  const policy = host.write("ask.cedar", `@id("test.ask") @reason("is it needed?") @ask("operator") ${asking}`);
  const files = ["--workspace", host.workspace, "--profile", profile, "--policy", policy];
  const run = startCommand(host, ["run", ...files, "--", ...argv]);
  context.after(() => run.child.kill("SIGKILL"));
  let id = "";
  await eventually(async () => {
    const { items } = (await approver.call("listQuestions", { query: { state: "open" } })) as {
      items: { id: string }[];
    };
    return (id = items[0]?.id ?? "") !== "";
  }, "it is asked");
  const said = await bailiwick(approver.place, ["approvals", "allow", id, "--propose", "always"]);
  assert.equal(said.status, 0, said.stderr);
  assert.equal(await run.ended(), 0);
  const { items } = (await author.call("listProposals")) as { items: { id: string; question: { id: string } }[] };
  const proposal = items.find(({ question }) => question.id === id);
  assert.ok(proposal !== undefined);
  return proposal.id;
}

let drafts = 0;

async function draft(policy: string, ...options: readonly string[]) {
  const name = `draft-${String(++drafts)}`;
  author.place.write(`${name}/a.cedar`, policy);
  const args = ["policy", "draft", join(author.place.root, name), "--company", ...options];
  const { status, stdout, stderr } = await bailiwick(author.place, args);
  return { status, stderr, stdout, id: /draft (p-[0-9a-f]+)/.exec(stdout)?.[1] ?? "" };
}

const forbid = (what: string): string => `@id("corp.no") @reason("not for agents") forbid (principal, ${what};\n`;
const post = `https://api.test:%PORT%/drafts%2fnew?notify=no&x%26y=1`;

describe("a proposal", { concurrency: false }, () => {
  const cases: readonly {
    readonly what: string;
    readonly asking: string;
    readonly argv: readonly string[];
    /** A policy against what was proposed, and one against something like it. */
    readonly against: string;
    readonly beside: string;
    readonly test: RegExp;
  }[] = [
    {
      what: "a command",
      asking: `forbid (principal, action == Action::"exec", resource in ProgramGroup::"seq") unless { context.approved };`,
      argv: ["sh", "-c", "seq 1 2"],
      against: forbid(`action == Action::"exec", resource in ProgramGroup::"seq")`),
      beside: forbid(`action == Action::"exec", resource in ProgramGroup::"factor")`),
      test: /argv = \["seq","1","2"\]/,
    },
    {
      what: "a host",
      asking: `forbid (principal, action == Action::"connect", resource == Host::"other.test") unless { context.approved };`,
      argv: ["curl", "-sSk", "-o", "/dev/null", "https://other.test:%PORT%/"],
      against: forbid(`action == Action::"connect", resource == Host::"other.test")`),
      beside: forbid(`action == Action::"exec", resource in ProgramGroup::"curl")`),
      test: /host = "other\.test"/,
    },
    {
      what: "a request",
      asking: `forbid (principal, action == Action::"httpRequest", resource) when { context.method == "POST" } unless { context.approved };`,
      argv: ["curl", "-sSf", "-o", "/dev/null", "-d", "text", post],
      against: forbid(
        `action == Action::"httpRequest", resource == Host::"api.test") when { context.method == "POST" && context.first == "drafts" && context.query.contains("x&y") && context.contentType == "application/x-www-form-urlencoded" && context.sizeBytes == 4 }`,
      ),
      beside: forbid(`action == Action::"exec", resource in ProgramGroup::"curl")`),
      test: /path = "\/drafts%2fnew\?notify&x%26y"/,
    },
  ];
  for (const { what, asking, argv, against, beside, test: text } of cases) {
    test(`about ${what} is a test of just that`, async (context) => {
      const id = await propose(
        context,
        asking,
        argv.map((word) => word.replace("%PORT%", String(port))),
      );
      const wrong = await draft(against, "--from-proposal", id);
      assert.equal(wrong.status, 1, wrong.stderr);
      assert.match(
        wrong.stdout,
        /0 tests passed, 1 failed\n {2}.*proposal .* of bo: expected allow, got deny by `corp\.no`/,
      );
      const refused = await bailiwick(approver.place, ["policy", "approve", wrong.id]);
      assert.match(refused.stderr, /1 of its tests fail/);
      const right = await draft(beside, "--from-proposal", id);
      assert.equal(right.status, 0, right.stdout);
      assert.match(right.stdout, /1 tests passed, 0 failed/);
      const { stdout } = await bailiwick(approver.place, ["policy", "review", right.id]);
      assert.match(stdout, text);
      assert.match(stdout, new RegExp(`^proposal +${id}$`, "m"));
    });
  }

  test("that is not there makes no draft", async () => {
    const { status, stderr } = await draft(forbid(`action, resource)`), "--from-proposal", "nobody-made-it");
    assert.notEqual(status, 0);
    assert.match(stderr, /there is no proposal `nobody-made-it`/);
  });
});

describe("a draft that is rejected", () => {
  test("says by whom and why, is never approved or rolled out, and stands in the server's log", async () => {
    const { id } = await draft(forbid(`action == Action::"exec", resource in ProgramGroup::"tac")`));
    const own = await bailiwick(author.place, ["policy", "reject", id, "--why", "changed my mind"]);
    assert.match(own.stderr, /nobody approves what they wrote/);
    const unsaid = await bailiwick(approver.place, ["policy", "reject", id]);
    assert.match(unsaid.stderr, /--why/);
    const rejected = await bailiwick(approver.place, ["policy", "reject", id, "--why", "too wide"]);
    assert.equal(rejected.status, 0, rejected.stderr);
    assert.equal(rejected.stdout, `rejected: ${id} for company\n`);
    for (const args of [
      ["approve", id],
      ["reject", id, "--why", "again"],
    ]) {
      const late = await bailiwick(approver.place, ["policy", ...args]);
      assert.notEqual(late.status, 0);
      assert.match(late.stderr, /the version was rejected by bo already/);
    }
    const rolled = await bailiwick(approver.place, ["policy", "rollout", id]);
    assert.match(rolled.stderr, /the version is rejected/);
    assert.match(
      (await bailiwick(author.place, ["policy", "review", id])).stdout,
      /^state +rejected by bo: too wide$/m,
    );
    assert.match(
      (await bailiwick(author.place, ["policy", "log"])).stdout,
      new RegExp(`${id} .*rejected by bo: too wide`),
    );
    const notes = (await readServerNotes(owner)).filter(
      (note) => note["type"] === "policy.changed" && note["version"] === id,
    );
    assert.deepEqual(
      notes.map(({ what, by }) => [what, by]),
      [
        ["drafted", "ada"],
        ["rejected", "bo"],
      ],
    );
  });
});
