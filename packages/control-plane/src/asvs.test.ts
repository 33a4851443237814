/** docs/asvs.md says what is there: every requirement once, right counts, and files and tests that exist. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const root = join(import.meta.dirname, "../../..");
const text = readFileSync(join(root, "docs/asvs.md"), "utf8");

/** How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has, numbered from 1; sections without any are left out. */
const SECTIONS: Readonly<Record<string, number>> = {
  ...{ "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1 },
  ...{ "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4 },
  ...{ "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4 },
  ...{ "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1 },
  ...{ "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3 },
  ...{ "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4 },
  ...{ "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7 },
  ...{ "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2 },
};
const ALL = Object.entries(SECTIONS).flatMap(([section, most]) =>
  Array.from({ length: most }, (_, at) => `${section}.${String(at + 1)}`),
);

interface Row {
  readonly numbers: readonly string[];
  readonly state: string;
  readonly evidence: string;
}

function rowsOf(page: string): Row[] {
  return page.split("\n").flatMap((line) => {
    const [, requirement = "", , state = "", evidence = ""] = line.split("|").map((cell) => cell.trim());
    return /^\d+\.\d+\.\d+/.test(requirement)
      ? [{ numbers: requirement.split(", ").flatMap(spread), state, evidence }]
      : [];
  });
}

/** `3.3.1–4` is four of them. */
function spread(range: string): string[] {
  const [, section = "", first = "", last = first] = /^(\d+\.\d+)\.(\d+)(?:–(\d+))?$/.exec(range) ?? [];
  assert.notEqual(section, "", range);
  return Array.from(
    { length: Number(last) - Number(first) + 1 },
    (_, at) => `${section}.${String(Number(first) + at)}`,
  );
}

/** `path`: "test", "test" and `path` (`name`, "heading"). */
const NAMED = /`([^`]+)`(?:: ((?:"[^"]+"(?:, )?)+)| \(((?:["`][^"`]+["`](?:, )?)+)\))/g;

/** What is wrong with the evidence that a page gives. */
function faultsOf(page: string): string[] {
  const faults: string[] = [];
  const paths = page.matchAll(/`((?:packages|tests|docs|tools)\/[^`]+|[a-z.-]+\.(?:cjs|js|json))`/g);
  for (const [, path = ""] of paths) if (!existsSync(join(root, path))) faults.push(`there is no ${path}`);
  for (const { numbers, evidence } of rowsOf(page)) {
    for (const [, path = "", tests = "", others = ""] of evidence.matchAll(NAMED)) {
      const file = existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : "";
      for (const [, name = ""] of (tests || others).matchAll(/["`]([^"`]+)["`]/g)) {
        if (!file.includes(name)) faults.push(`${path} has no "${name}"`);
      }
    }
    if (evidence.replaceAll(NAMED, "").includes('"')) faults.push(`${numbers.join()}: what is quoted is in no file`);
  }
  return faults;
}

describe("docs/asvs.md", () => {
  const rows = rowsOf(text);

  test("has every requirement of levels 1 and 2 once, each with a state and a reason", () => {
    assert.equal(ALL.length, 253);
    const numbers = rows.flatMap((row) => row.numbers);
    assert.deepEqual([...numbers].sort(), [...ALL].sort());
    for (const { numbers: of, state, evidence } of rows) {
      assert.ok(["met", "not met", "n/a"].includes(state), of.join());
      assert.notEqual(evidence, "", of.join());
      if (state === "met") assert.match(evidence, /`[^`]+\.[a-z]+`|\]\(#/, of.join());
    }
  });

  test("counts right, and says of each that is not met what that means", () => {
    const counted = (state: string): string[] =>
      rows.filter((row) => row.state === state).flatMap((row) => row.numbers);
    const [met, notMet, none] = ["met", "not met", "n/a"].map(counted) as [string[], string[], string[]];
    const said = /\*\*(\d+) requirements: (\d+) met, (\d+) not met, (\d+) not applicable\.\*\*/.exec(text)?.slice(1);
    assert.deepEqual(said?.map(Number), [ALL.length, met.length, notMet.length, none.length]);
    const summary = text.slice(text.indexOf("## What is not met"), text.indexOf("## V1 "));
    for (const number of notMet) assert.match(summary, new RegExp(`[( ]${number.replaceAll(".", "\\.")}[,)]`), number);
  });

  test("names files and tests that are there", () => {
    assert.deepEqual(faultsOf(text), []);
  });

  test("negative control: a file, a test, a name, a heading and a quotation that are none are found", () => {
    const row = (evidence: string): string => `| 1.1.1 | x | met | ${evidence} |`;
    const here = "`packages/control-plane/src/asvs.test.ts`";
    // Not written as one word here, where it would be found.
    const missing = ["no", "such"].join(" ");
    assert.deepEqual(faultsOf(row("`packages/none.ts`")), ["there is no packages/none.ts"]);
    assert.equal(faultsOf(row(`${here}: "names files and tests that are there", "${missing}"`)).length, 1);
    assert.equal(faultsOf(row(`${here} (\`${missing}\`)`)).length, 1);
    assert.equal(faultsOf(row('`docs/glossary.md` ("None of it, at all")')).length, 1);
    assert.equal(faultsOf(row(`${here} and "something"`)).length, 1);
  });
});
