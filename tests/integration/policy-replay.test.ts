/** What another policy set would have decided of what runs really did. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { WhatIf } from "@bailiwick/policy";
import { bailiwick, makePlace, runGoverned } from "../support/governed.ts";

const place = makePlace();
after(() => {
  place.remove();
});

const SCRIPT =
  "git init -q r; cp $(command -v git) ./tool; ./tool --version; $(command -v git) push --force; for i in 1 2 3; do make -n x; done; ls; true";
before(async () => {
  await runGoverned(place, { argv: ["sh", "-c", SCRIPT], options: ["--name", "first"] });
  await runGoverned(place, { argv: ["sh", "-c", "make -n y; ls"], options: ["--name", "second"] });
});

async function replay(...args: string[]): Promise<WhatIf> {
  const { status, stdout, stderr } = await bailiwick(place, ["policy", "replay", "--json", ...args]);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as WhatIf;
}

const rules = place.write(
  "new.cedar",
  `@id("mine.no-git")
@reason("git is for people")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git");
@id("mine.ask-make")
@reason("builds cost")
@ask("operator")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"make") unless { context.approved };
`,
);

describe("bailiwick policy replay", () => {
  test("under the set that decided nothing changes, also not of a question that nobody was there to answer", async () => {
    const found = await replay();
    assert.equal(found.runs, 2);
    assert.ok(found.decisions > 10, String(found.decisions));
    assert.deepEqual([found.unchanged, found.changes, found.notReproduced], [found.decisions, [], 0]);
    assert.equal(found.questions.before, 1);
  });

  test("new rules: what would be refused and asked, how often, in which runs, and questions a day", async () => {
    const { changes, questions } = await replay("--policy", rules);
    const kinds = changes.map(({ from, to, policies, count, runs }) => [from, to, policies.join(), count, runs]);
    assert.deepEqual(kinds.sort(), [
      ["allow", "ask", "mine.ask-make", 4, 2],
      ["allow", "deny", "mine.no-git", 2, 1],
      ["ask", "deny", "mine.no-git", 1, 1],
    ]);
    const git = changes.find(({ from, to }) => from === "allow" && to === "deny");
    assert.ok(
      git?.examples.some(({ what }) => what.startsWith("./tool")),
      "a copy goes by its bytes",
    );
    // Equal ones of a run are asked once: `make -n x`, and `make -n y` of the other run.
    assert.deepEqual([questions.before, questions.after, questions.days], [1, 2, questions.days]);
  });

  test("of some runs, of a time, and against another set than what was decided", async () => {
    const second = await replay("--policy", rules, "second");
    assert.deepEqual([second.runs, second.changes.length], [1, 1]);
    assert.equal((await replay("--policy", rules, "--to", "2020-01-01")).decisions, 0);
    const back = await replay("--against", rules, "second");
    assert.deepEqual(
      back.changes.map(({ from, to }) => [from, to]),
      [["ask", "allow"]],
    );
  });

  test("for a person: counts, reasons, examples", async () => {
    const { status, stdout } = await bailiwick(place, ["policy", "replay", "--policy", rules]);
    assert.equal(status, 0);
    assert.match(stdout, /decisions of 2 runs: 7 would be another/);
    assert.match(stdout, /2 allowed before, would be refused\n {2}2 in 1 run {2}mine\.no-git: git is for people\n/);
    assert.match(stdout, /questions {2}1 before, 2 now: /);
  });

  test("a set that is not valid, a run that is none: refused, and nothing is printed", async () => {
    const broken = place.write("broken.cedar", "forbid (principal, action, resource) when { context.nothing };");
    for (const args of [["--policy", broken], ["nowhere"], ["--from", "someday"], ["--policy", "/missing.cedar"]]) {
      const { status, stdout, stderr } = await bailiwick(place, ["policy", "replay", ...args]);
      assert.equal(status, 125, args.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, /^bailiwick: /);
    }
  });

  test("without a record there is nothing to decide, which is no error", async () => {
    const empty = makePlace();
    const { status, stdout } = await bailiwick(empty, ["policy", "replay"]);
    assert.deepEqual([status, stdout.split("\n")[0]], [0, "0 decisions of 0 runs: none would be another"]);
    empty.remove();
  });
});
