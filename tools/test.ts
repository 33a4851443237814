/**
 * `npm test` runs everything but the real agents; `npm run test:agents` runs those; `npm run test:boundary` what depends on who one is to
 * the kernel: all that runs something in a sandbox, without the server's own.
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const [suite = "all", ...options] = process.argv.slice(2);

const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  all: ["packages/*/{src,contract}/**/*.test.ts", "tests/{support,integration,console,adversarial,fault}/**/*.test.ts"],
  agents: ["tests/agents/**/*.test.ts"],
  boundary: ["packages/{sandbox,run}/src/**/*.test.ts", "tests/{integration,adversarial,fault}/**/*.test.ts"],
};
const patterns = PATTERNS[suite];
if (patterns === undefined) throw new Error(`no such tests: ${suite}; there are ${Object.keys(PATTERNS).join(", ")}`);

const ofTheServer = (file: string): boolean => readFileSync(join(root, file), "utf8").includes("support/control-plane");
const files = patterns
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((file) => suite !== "boundary" || !ofTheServer(file))
  .sort();
const result = spawnSync(
  process.execPath,
  [
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-concurrency=2",
    // One that waits for ever must not cost the whole run.
    "--test-timeout=480000",
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./tools/tell-failures.ts",
    "--test-reporter-destination=stderr",
    ...options,
    ...files,
  ],
  {
    cwd: root,
    stdio: "inherit",
  },
);
process.exit(result.status ?? 1);
