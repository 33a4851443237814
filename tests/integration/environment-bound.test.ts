/** Which variables a run may be given, by a layer of the company and by profiles below it; each way around it. By the shipped command. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { draft, POLICY_ACTIONS, release, type PolicyAuthors } from "../support/company-policies.ts";
import { addPerson, enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, runGoverned, type GovernedOptions, type Place } from "../support/governed.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;
let authors: PolicyAuthors;
const host = makePlace();

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  const database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
  const person = async (id: string, role: string) =>
    await addPerson(owner, server, id, { roles: [role], actions: POLICY_ACTIONS });
  authors = { author: await person("ada", "policy-author"), approver: await person("bo", "policy-approver") };
  await owner.call("addPerson", { body: { id: "robin", name: "Robin" } });
  await owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
  await owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
  await enrol(owner, server, host, "robin");
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  for (const place of [host, serverPlace, owner.place, authors.author.place, authors.approver.place]) place.remove();
});

/** What the run has of these variables. */
async function given(options: Omit<GovernedOptions, "argv">) {
  const argv = ["sh", "-c", 'echo "${BUILD_ID-}|${CI-}|${AWS_KEY-}|${LEVEL-}"'];
  return await runGoverned(host, { argv, ...options });
}

describe("variables that a run may be given", { concurrency: false }, () => {
  test("without a bound any may, as ever", async () => {
    const run = await given({ options: ["--env", "AWS_KEY=1", "--env", "CI"], env: { CI: "own" } });
    assert.deepEqual([run.status, run.stdout], [0, "|own|1|\n"], run.stderr);
  });

  test("what a profile names bounds those who start runs with it", async () => {
    const profile = '[environment]\nonly = ["BUILD_*"]\nset = { LEVEL = "3" }\n';
    const within = await given({ profile, options: ["--env", "BUILD_ID=7"] });
    assert.deepEqual([within.status, within.stdout], [0, "7|||3\n"], within.stderr);
    const beyond = await given({ profile, options: ["--env", "AWS_KEY=1"] });
    assert.equal(beyond.status, 125);
    assert.match(beyond.stderr, /`--env AWS_KEY` goes beyond what `profile` lets runs be given: `BUILD_\*`.*`only`/s);
  });

  test("the company's and a team's both count; what goes beyond is refused by its name, whichever way it is given", async () => {
    await release(
      authors,
      { "profile.toml": '[environment]\nonly = ["BUILD_*", "CI"]\nset = { LEVEL = "company" }\n' },
      ["--company"],
    );
    assert.equal((await bailiwick(host, ["sync"])).status, 0);
    const fine = await given({ options: ["--env", "BUILD_ID=7", "--env=CI=1"] });
    assert.deepEqual([fine.status, fine.stdout], [0, "7|1||company\n"], fine.stderr);
    const env = { AWS_KEY: "of the person" };
    for (const option of ["--env=AWS_KEY=1", "--env=AWS_KEY"]) {
      const { status, stdout, stderr } = await given({ options: [option], env });
      assert.deepEqual([status, stdout], [125, ""], option);
      assert.match(stderr, /`--env AWS_KEY` goes beyond what `company` lets runs be given: `BUILD_\*`, `CI`/);
    }
    const own = '[environment]\npass = ["AWS_KEY"]\nonly = ["AWS_*"]\nset = { AWS_KEY = "own", BUILD_ID = "8" }\n';
    const profiled = await given({ profile: own, env });
    assert.deepEqual([profiled.status, profiled.stdout], [0, "8|||company\n"], profiled.stderr);
    assert.match(profiled.stderr, /left out: `environment.pass: AWS_KEY`, `environment.set: AWS_KEY`/);
    assert.match((await given({ profile: own, options: ["--env=AWS_KEY=1"] })).stderr, /beyond what `company`/);
    host.write("home/project/.bailiwick/profile.toml", '[environment]\nset = { AWS_KEY = "workspace" }\n');
    assert.equal((await given({})).stdout, "|||company\n");

    const wider = await draft(
      authors,
      { "profile.toml": 'environment.set = { AWS_KEY = "team" }' },
      "--team",
      "payments",
    );
    assert.match(wider.stderr, /environment\.set: AWS_KEY/);
    await release(authors, { "profile.toml": 'environment.only = ["CI", "AWS_*"]' }, ["--team", "payments"]);
    assert.equal((await bailiwick(host, ["sync"])).status, 0);
    assert.equal((await given({ options: ["--env=CI=1"] })).stdout, "|1||company\n");
    assert.match((await given({ options: ["--env=BUILD_ID=1"] })).stderr, /beyond what `team payments` lets/);
    assert.match((await given({ options: ["--env=AWS_KEY=1"] })).stderr, /beyond what `company` lets/);
  });
});
