/** `init`, `doctor` and the README's own words, through the shipped command. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";

let place: Place;
const places: Place[] = [];
beforeEach(() => {
  place = makePlace();
  places.push(place);
});
after(() => {
  for (const one of places) one.remove();
});

/** The folder of the one project that is set up. */
const projectFolder = (): string => {
  const files = globSync(join(place.home, ".config/bailiwick/projects/**/policy.cedar"));
  assert.equal(files.length, 1, files.join(" "));
  return dirname(files[0] ?? "");
};

describe("init", () => {
  test("writes what the next run is governed by, and policies that pass their tests", async () => {
    place.write("home/project/package.json", "{}");
    place.write("home/project/.npmrc", "registry=https://packages.test/npm/\n");
    const made = await bailiwick(place, ["init"]);
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /: Node$/m);
    assert.match(made.stdout, /^ {2}packages\.test:443 {2}\(npm: \.npmrc\)$/m);
    const folder = projectFolder();
    for (const paths of [[join(folder, "policy.cedar")], []]) {
      const tested = await bailiwick(place, ["policy", "test", ...paths]);
      assert.equal(tested.status, 0, tested.stdout + tested.stderr);
    }
    const push = ["policy", "explain", "--", "git", "push", "origin", "topic"];
    const explained = await bailiwick(place, push);
    assert.equal(explained.status, 1);
    assert.match(explained.stdout, /would be asked about.*\n.*a push publishes what was done here/);
    const elsewhere = await bailiwick(place, push, { cwd: place.home });
    assert.match(elsewhere.stdout, /^would run: /, "negative control: the policies are this project's alone");
    const asked = await bailiwick(place, ["run", "--approvals", "deny", "--", "git", "push", "origin", "topic"]);
    assert.equal(asked.status, 126);
    assert.match(asked.stderr, /a push publishes what was done here/);
    // The host is looked for outside, so the profile has let it through; there is nobody of that name.
    const look = "getent ahosts packages.test && ! getent ahosts other.test";
    const reached = await bailiwick(place, ["run", "--", "sh", "-c", look]);
    assert.equal(reached.status, 0, reached.stderr);
  });

  test("--stdout writes nothing; a second time is an error that says how to go on", async () => {
    const shown = await bailiwick(place, ["init", "--stdout"]);
    assert.match(shown.stdout, /extends = "standard"/);
    assert.throws(projectFolder);
    assert.equal((await bailiwick(place, ["init"])).status, 0);
    const again = await bailiwick(place, ["init"]);
    assert.equal(again.status, 125);
    assert.match(again.stderr, /is there already\n.*--stdout.*--force/s);
    assert.equal((await bailiwick(place, ["init", "--force"])).status, 0);
  });
});

describe("doctor", () => {
  test("says of each layer how it stands on this host, for people and for programs", async () => {
    const [shown, json] = [await bailiwick(place, ["doctor"]), await bailiwick(place, ["doctor", "--json"])];
    assert.equal(shown.status, 0, shown.stdout);
    for (const layer of ["namespaces", "network", "landlock", "seccomp", "supervision"])
      assert.match(shown.stdout, new RegExp(`^✓ ${layer} `, "m"));
    assert.match(json.stdout, /"seccomp"/);
    assert.doesNotThrow(() => JSON.parse(json.stdout) as unknown);
  });
});

test("every command that the README names is there", async () => {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8").replaceAll("\\|", "|");
  const named = [...readme.matchAll(/`bailiwick ([a-z]+(?: [a-z|]+)?)[ `]/g)].flatMap(([, words = ""]) => {
    const [verb = "", noun = ""] = words.split(" ");
    return noun.split("|").map((each) => [verb, each].filter((word) => word !== ""));
  });
  assert.ok(named.length >= 10, "the README names commands");
  for (const words of named) {
    const { status, stdout } = await bailiwick(place, [...words, "--help"]);
    assert.equal(status, 0, words.join(" "));
    assert.match(stdout, new RegExp(`^Usage: bailiwick ${words[0] ?? ""}`, "m"), words.join(" "));
  }
});
