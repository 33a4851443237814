/** Labels of runs, by the shipped command: in the record, in lists and searches here and at the server, in policies, and as a condition of rights. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { addPerson, enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, ofType, runGoverned, type Governed } from "../support/governed.ts";
import { untilSaid } from "../support/until-said.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let server: RunningServer;
let owner: SignedIn;
let nora: SignedIn;
const serverPlace = makePlace();
const place = makePlace();
let labelled: Governed;
let labelledRun: string;
let plainRun: string;

const POLICY = `@id("live.no-make")
@reason("nothing is built against what is live")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"env")
when { context.labels.contains("target=live") };
`;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  const database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
  await enrol(owner, server, place);
  const actions = ["viewRun", "readRun", "killRun"];
  nora = await addPerson(owner, server, "nora", { roles: [], actions });
  await owner.call("grantRole", {
    body: {
      to: { type: "Person", id: "nora" },
      role: "responder",
      scope: { type: "Company", id: "company" },
      when: { labels: ["team=payments"] },
    },
  });
  const argv = ["sh", "-c", "env true; ls /usr"];
  labelled = await runGoverned(place, {
    argv,
    policy: POLICY,
    options: ["--label", "team=payments", "--label=note=a b=c", "--label", "target=live"],
  });
  labelledRun = labelled.events[0]?.run ?? "";
  const plain = await runGoverned(place, { argv, policy: POLICY });
  plainRun = plain.events[0]?.run ?? "";
  assert.equal(ofType(plain.events, "exec.refused").length, 0);
  assert.equal((await bailiwick(place, ["sync"])).status, 0);
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  for (const each of [serverPlace, place, owner.place, nora.place]) each.remove();
});

/** Ids, as a list has them. */
function idsIn(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { run: string }).run);
}

describe("a label of a run", () => {
  test("is in the record, in the order of the keys, and shown", async () => {
    assert.deepEqual(ofType(labelled.events, "run.started")[0]?.labels, ["note=a b=c", "target=live", "team=payments"]);
    const shown = await bailiwick(place, ["runs", "show", labelledRun]);
    assert.match(shown.stdout, /^ {2}labelled note=a b=c, target=live, team=payments$/m);
    const listed = await bailiwick(place, ["runs", "list"]);
    assert.match(listed.stdout, new RegExp(`${labelledRun}.* {2}note=a b=c target=live team=payments\n`));
    const { stdout } = await bailiwick(place, ["runs", "list", "--json", "--label", "team=payments"]);
    const one = JSON.parse(stdout) as { started: { labels: string[] } };
    assert.deepEqual(one.started.labels, ["note=a b=c", "target=live", "team=payments"]);
  });

  test("is what a policy may decide by; the same command without it is allowed", async () => {
    const [refused] = ofType(labelled.events, "exec.refused");
    assert.deepEqual(refused?.decision.policies, ["live.no-make"]);
    const policy = place.write("policy.cedar", POLICY);
    const replayed = await bailiwick(place, ["policy", "replay", "--json", "--policy", policy, labelledRun]);
    assert.equal((JSON.parse(replayed.stdout) as { notReproduced: number }).notReproduced, 0);
    const explain = (...options: string[]) =>
      bailiwick(place, ["policy", "explain", "--policy", policy, ...options, "--", "env", "true"]);
    assert.match((await explain("--label", "target=live")).stdout, /live\.no-make/);
    assert.equal((await explain("--label", "target=test")).status, 0);
  });

  test("is what runs are found by, here", async () => {
    for (const [label, ...expected] of [
      ["team=payments", labelledRun],
      ["team", labelledRun],
      ["team=pay"],
      ["note=a b=c", labelledRun],
    ] as const) {
      const listed = await bailiwick(place, ["runs", "list", "--json", "--label", label]);
      assert.deepEqual(idsIn(listed.stdout), expected, label);
      const searched = await bailiwick(place, ["search", "--json", "program:ls", `label:"${label}"`]);
      assert.deepEqual(idsIn(searched.stdout), expected, label);
    }
    const others = await bailiwick(place, ["search", "--json", "program:ls", "-label:team"]);
    assert.deepEqual(idsIn(others.stdout), [plainRun]);
    const wrong = await bailiwick(place, ["search", "label:Team"]);
    assert.match(wrong.stderr, /`label:Team` is none/);
  });

  test("is what runs are found by at the server, by whoever may see them", async () => {
    const listed = await bailiwick(owner.place, ["runs", "list", "--server", "--label", "team=payments"]);
    assert.match(listed.stdout, new RegExp(`^.*${labelledRun}.* {2}note=a b=c target=live team=payments\n$`));
    const args = ["search", "--server", "--json", "program:ls"];
    const all = await untilSaid(owner.place, args, (text) => idsIn(text).length === 2);
    assert.deepEqual(idsIn(all).sort(), [labelledRun, plainRun].sort());
    for (const [query, ...expected] of [
      ["label:team=payments", labelledRun],
      ["label:team", labelledRun],
      ["label:team=%"],
      ["-label:team=payments", plainRun],
    ] as const) {
      assert.deepEqual(idsIn((await bailiwick(owner.place, [...args, query])).stdout), expected, query);
    }
  });

  test("limits a role to runs that have it: others, and all at once, are refused, and explained", async () => {
    const listed = await bailiwick(nora.place, ["runs", "list", "--server", "--json"]);
    assert.deepEqual(idsIn(listed.stdout), [labelledRun]);
    const searched = await bailiwick(nora.place, ["search", "--server", "--json", "program:ls"]);
    assert.deepEqual(idsIn(searched.stdout), [labelledRun]);
    const kill = (...scope: string[]) => bailiwick(nora.place, ["server", "kill", ...scope, "--reason", "x"]);
    assert.equal((await kill("--run", labelledRun)).status, 0);
    for (const scope of [["--run", plainRun], ["--all"], ["--person", "olivia"]]) {
      const { status, stderr } = await kill(...scope);
      assert.equal(status, 125);
      assert.match(stderr, /no role permits killRun on .*: there is responder .*, only runs labelled team=payments/);
    }
    const explain = (run: string) => bailiwick(owner.place, ["access", "explain", "nora", "readRun", `Run:${run}`]);
    const yes = await explain(labelledRun);
    assert.match(
      yes.stdout,
      /^yes: role responder for Company company, only runs labelled team=payments\n {2}by grant\./,
    );
    const no = await explain(plainRun);
    assert.deepEqual([no.status, no.stdout.slice(0, 3)], [1, "no:"]);
  });
});

describe("no label, and nothing runs", () => {
  for (const [what, args] of [
    ["without a value", ["--label", "team"]],
    ["with an empty value", ["--label", "team="]],
    ["whose key is none", ["--label", "Team=x"]],
    ["with a control character", ["--label", "team=\u001b[31m"]],
    ["too long", ["--label", `k=${"x".repeat(129)}`]],
    ["said twice", ["--label", "a=1", "--label", "a=2"]],
    ["one too many", Array.from({ length: 17 }, (_, index) => [`--label`, `k${String(index)}=v`]).flat()],
  ] as const) {
    test(what, async () => {
      const { status, stdout, stderr } = await bailiwick(place, ["run", ...args, "--", "echo", "ran"]);
      assert.deepEqual([status, stdout], [125, ""]);
      assert.match(stderr, /^bailiwick: .*label.*\n {2}see `bailiwick run --help`\n$/);
    });
  }
});
