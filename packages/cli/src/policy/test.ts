import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { runPolicyTests } from "@bailiwick/policy";
import { CliError } from "../errors.ts";
import { paintFor } from "../format.ts";
import { ownPolicies, policySet } from "./sources.ts";

const ENDING = ".test.toml";

/** 0: all tests pass. 1: some fail. */
export async function testPolicyCommand(
  given: readonly string[],
  { profile }: { readonly profile?: string },
): Promise<number> {
  const paths = given.length === 0 ? ownPolicies() : given;
  const files = paths.flatMap(testsBeside);
  if (files.length === 0) {
    const where =
      paths.length === 0
        ? "this project has no policies of its own"
        : `there are no tests beside \`${paths.join("`, `")}\``;
    throw new CliError("CLI_USAGE", where, {
      remedy: "write `NAME.test.toml` beside `NAME.cedar`; see `bailiwick policy test --help`",
    });
  }
  // A test file may be named itself; it is then tested with the standard policies and rule sets alone.
  const named = paths.filter((path) => !path.endsWith(ENDING));
  const sources = await policySet(named, profile);
  const paint = paintFor(process.stdout, process.env);
  let failed = 0;
  let passed = 0;
  for (const file of files) {
    const report = await runPolicyTests({ sources, cache: undefined }, readFileSync(file, "utf8"));
    for (const result of report.results) {
      const mark = result.passed ? paint("green", "✓") : paint("red", "✗");
      process.stdout.write(`${mark} ${result.name}${result.passed ? "" : `: ${result.message}`}\n`);
    }
    failed += report.failed;
    passed += report.passed;
  }
  process.stdout.write(`${String(passed)} passed, ${String(failed)} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** The tests beside a policy file (`a.cedar`: `a.test.toml`), and all of a directory. */
function testsBeside(path: string): string[] {
  if (path.endsWith(ENDING)) return [path];
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const names = readdirSync(path).filter((name) => name.endsWith(ENDING));
    return names.sort().map((name) => join(path, name));
  }
  const beside = `${path.replace(/\.cedar$/, "")}${ENDING}`;
  return existsSync(beside) ? [beside] : [];
}
