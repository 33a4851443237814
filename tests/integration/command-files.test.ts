/** What `bailiwick run` loads, which everybody who starts one waits for: two files, whose compiled code is kept from one run to the next. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { bailiwick, commandPath, makePlace, type Place } from "../support/governed.ts";
import { assembleDenyFilter } from "../../packages/sandbox/src/seccomp/assemble.ts";

/** What Node says of each file that it compiles or takes from its cache, and of what it writes there. */
const TOLD = { NODE_DEBUG_NATIVE: "COMPILE_CACHE" };
const READ = /reading cache from \S+ for (?:CommonJS|ESM) \S*\/dist\/(\S+?)\.\.\./g;
const KEPT = /writing cache for CommonJS \S*\/dist\/run\.cjs to temporary file \S+ \[\d+ (\d+) (\d+) /;

describe("the files of the command", () => {
  let place: Place;

  before(() => {
    place = makePlace();
  });
  after(() => {
    place.remove();
  });

  async function run(): Promise<string> {
    const { status, stderr } = await bailiwick(place, ["run", "--quiet", "--", "true"], { env: TOLD });
    assert.equal(status, 0, stderr);
    return stderr;
  }

  test("a run loads two, whose compiled code is kept with all that it called, and taken from there by the next", async () => {
    await bailiwick(place, ["run", "--quiet", "--", "true"]); // makes the state directory, which the cache lies in
    const first = await run();
    const [, sourceBytes, cachedBytes] = KEPT.exec(first) ?? [];
    assert.ok(sourceBytes !== undefined && cachedBytes !== undefined, first);
    // Functions that V8 put off are not kept: without them it would be less than a tenth of the source.
    assert.ok(Number(cachedBytes) > Number(sourceBytes) / 4, `${cachedBytes} bytes for ${sourceBytes} of source`);

    const second = await run();
    assert.deepEqual(
      [...second.matchAll(READ)].map(([, file]) => file),
      ["main.cjs", "run.cjs"],
    );
    assert.equal([...second.matchAll(/was accepted, keeping/g)].length, 2, second);
  });

  test("the system-call filters in it are those that the rules make", () => {
    const text = readFileSync(new URL("../dist/run.cjs", `file://${commandPath}`), "latin1");
    for (const architecture of ["x64", "arm64"]) {
      const filter = Buffer.from(assembleDenyFilter(architecture)).toString("base64");
      assert.ok(text.includes(`["${architecture}","${filter}"]`), `${architecture}: another filter, or none`);
    }
  });
});
