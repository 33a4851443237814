/** `bailiwick search` over real runs: what is found, what is not, and an index that is never the truth. */
import assert from "node:assert/strict";
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Found } from "@bailiwick/search";
import { bailiwick, makePlace, runGoverned } from "../support/governed.ts";

const place = makePlace();
const index = join(place.state, "search.sqlite");
const searchText = (...words: string[]) => bailiwick(place, ["search", ...words]);

async function search(...words: string[]): Promise<Found[]> {
  const { stdout, stderr, status } = await searchText("--json", ...words);
  assert.ok(status === 0 || status === 1, stderr);
  const found = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Found);
  assert.equal(status, found.length > 0 ? 0 : 1);
  return found;
}

before(async () => {
  const script =
    "/usr/bin/printf 'Übermut %s' cafe; cat ~/.ssh/id_rsa; false; getent hosts spy.example.com; echo x > made.txt; kill -9 $$";
  await runGoverned(place, { argv: ["bash", "-c", script], options: ["--name", "first"] });
  await runGoverned(place, { argv: ["/bin/echo", "\u001b[31mhostile\u202e"], options: ["--name", "second"] });
});
after(() => {
  place.remove();
});

describe("search finds", () => {
  test("words of a command line, whatever their case and accents, and highlights them", async () => {
    const [newest] = await search("ubermut", "CAFE", "program:printf");
    assert.match(newest?.line ?? "", /printf 'Übermut %s' cafe/);
    const shown = await bailiwick(place, ["search", "cafe", "program:printf"], { env: { FORCE_COLOR: "1" } });
    assert.match(shown.stdout, /\u001b\[1m\u001b\[4mcafe/);
  });

  test("refusals by program, policy and file; ends by status and signal; hosts by pattern", async () => {
    assert.ok((await search("decision:refused", "program:cat")).length > 0);
    assert.equal((await search("policy:secrets.*"))[0]?.decision, "refused");
    assert.equal((await search("file:bin/cat"))[0]?.type, "exec.refused");
    assert.ok((await search("status:failed")).length >= 2);
    assert.match((await search("status:SIGKILL"))[0]?.line ?? "", /^bash -c/);
    assert.equal((await search("host:*.example.com"))[0]?.line, "spy.example.com");
    assert.equal((await search("file:made.txt"))[0]?.type, "files.changed");
  });

  test("within runs, people, agents, projects and times", async () => {
    for (const filter of [
      "run:first",
      "agent:bash",
      "project:project",
      `project:${place.workspace}`,
      "since:1h",
      "until:today",
    ])
      assert.equal((await search("program:printf", filter)).length, 1, filter);
    for (const filter of ["run:second", "agent:echo", "project:other", "until:yesterday", "-run:first", "-agent:bash"])
      assert.equal((await search("program:printf", filter)).length, 0, filter);
  });

  test("runs, with how much there is in each", async () => {
    const { stdout } = await searchText("--runs", "program:printf");
    assert.match(stdout, /“first”.*1 match$/m);
  });

  test("nothing that an agent wrote moves the cursor", async () => {
    const { stdout } = await searchText("31mhostile");
    assert.match(stdout, /\\x1b\[31mhostile\\u\{202e\}/);
  });

  test("no syntax of the index behind it", async () => {
    for (const word of ['"a OR b"', "a)b", "NEAR(x", "words:x", "a'b;--", "x*y"]) {
      const { status, stderr } = await searchText("--", word);
      assert.ok(status === 1 || (status === 125 && /there is no filter/.test(stderr)), `${word}: ${stderr}`);
    }
  });
});

describe("the index", () => {
  test("goes on from where it was, and is made anew when it is damaged or of another log", async () => {
    const count = async (): Promise<number> => (await search("run:first", "--limit", "1000")).length;
    const whole = await count();
    assert.ok(whole >= 8);
    const copy = join(place.root, "copy");
    cpSync(place.state, copy, { recursive: true });
    await runGoverned(place, { argv: ["/bin/echo", "third"] });
    assert.equal((await search("third", "program:echo")).length, 1);
    // An older log under the newer index: it is not what the index was made of.
    rmSync(join(place.state, "log"), { recursive: true });
    cpSync(join(copy, "log"), join(place.state, "log"), { recursive: true });
    assert.equal((await search("third", "program:echo")).length, 0);
    assert.equal(await count(), whole);
    writeFileSync(index, "no database");
    assert.equal(await count(), whole);
    await searchText("--rebuild", "x");
    assert.equal(await count(), whole);
    assert.equal(readFileSync(index).subarray(0, 6).toString(), "SQLite");
  });

  test("that can't be written is made in memory, and that is said", async () => {
    rmSync(index, { force: true });
    if (process.geteuid?.() === 0) {
      rmSync(`${index}-wal`, { force: true });
      cpSync(join(place.state, "log"), index, { recursive: true }); // a directory in its place, which root can't write through either
    } else chmodSync(place.state, 0o500);
    const { status, stdout, stderr } = await searchText("program:printf");
    if (process.geteuid?.() !== 0) chmodSync(place.state, 0o700);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /printf/);
    assert.match(stderr, /in memory only/);
    rmSync(index, { recursive: true, force: true });
  });

  test("is the same for several processes at once", async () => {
    assert.ok(!existsSync(index));
    const found = await Promise.all(Array.from({ length: 4 }, () => search("program:printf")));
    for (const each of found) assert.equal(each.length, 1);
  });
});
