/**
 * `npm test` runs everything but the real agents; `npm run test:agents` runs those; `npm run test:boundary` what depends on who one is to
 * the kernel: sandbox, supervision, network and record, without what is the same for everybody: what is done with requests, records and servers. Further arguments are files instead of all of the suite's.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runTestFiles } from "./test-files.ts";

const root = join(import.meta.dirname, "..");
const [suite = "all", ...named] = process.argv.slice(2);

const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  all: ["packages/*/{src,contract}/**/*.test.ts", "tests/{support,integration,console,adversarial,fault}/**/*.test.ts"],
  agents: ["tests/agents/**/*.test.ts"],
  boundary: [
    "packages/{sandbox,run}/src/**/*.test.ts",
    "tests/adversarial/**/*.test.ts",
    "tests/integration/{run,supervision,egress}-*.test.ts",
    "tests/integration/{demo,inspect-clients,inspect-http1,other-protocols,project-setup,record-keeping,recording,small-agent,ssh-git}.test.ts",
    "tests/fault/{clock-goes-back,many-runs,run-full-disk}.test.ts",
  ],
};
const patterns = PATTERNS[suite];
if (patterns === undefined) throw new Error(`no such tests: ${suite}; there are ${Object.keys(PATTERNS).join(", ")}`);

const ofTheServer = (file: string): boolean => readFileSync(join(root, file), "utf8").includes("support/control-plane");
const all = patterns
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .filter((file) => suite !== "boundary" || !ofTheServer(file))
  .sort();
process.exitCode = (await runTestFiles(root, named.length > 0 ? named : all)) ? 0 : 1;
