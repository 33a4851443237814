/** `npm test` runs everything but the real agents; `npm run test:agents` runs those. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const patterns =
  process.argv[2] === "agents"
    ? ["tests/agents/**/*.test.ts"]
    : ["packages/*/src/**/*.test.ts", "tests/{support,integration,adversarial,fault}/**/*.test.ts"];
const files = patterns.flatMap((pattern) => globSync(pattern, { cwd: root })).sort();
const result = spawnSync(
  process.execPath,
  ["--disable-warning=ExperimentalWarning", "--test", "--test-concurrency=2", ...process.argv.slice(3), ...files],
  {
    cwd: root,
    stdio: "inherit",
  },
);
process.exit(result.status ?? 1);
