/**
 * Asks the registry whether anything that the product is built on has a known vulnerability: `npm run audit:dependencies`. High and critical
 * ones fail. A registry that has no such list (404, 405, 501) is said to have none, and nothing fails; whatever else goes wrong does.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const FAILING = ["high", "critical"];
const HAS_NO_LIST = [404, 405, 501];

interface Report {
  readonly statusCode?: number;
  readonly message?: string;
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
  readonly metadata?: { readonly dependencies?: { readonly prod?: number } };
}

const asked = spawnSync("npm", ["audit", "--omit=dev", "--json"], {
  cwd: join(import.meta.dirname, ".."),
  encoding: "utf8",
});
process.exit(judge(parse(asked.stdout)));

function parse(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { message: asked.error?.message ?? asked.stderr.trim() };
  }
}

function judge({ statusCode, message, vulnerabilities, metadata }: Report): number {
  if (statusCode !== undefined && HAS_NO_LIST.includes(statusCode)) {
    console.log(`dependency audit: skipped: the registry has no list of vulnerabilities (${String(statusCode)})`);
    return 0;
  }
  if (vulnerabilities === undefined) {
    console.error(`dependency audit: failed: ${message ?? "npm said nothing"}`);
    return 1;
  }
  const found = Object.entries(vulnerabilities);
  for (const [name, { severity, range }] of found) {
    console.log(`dependency audit: ${severity}: ${name} ${range}`.trimEnd());
  }
  const failing = found.filter(([, { severity }]) => FAILING.includes(severity)).length;
  const looked = `${String(metadata?.dependencies?.prod ?? 0)} packages, ${String(found.length)} known to be vulnerable`;
  console.log(`dependency audit: ${looked}, ${String(failing)} of them high or critical`);
  return failing === 0 ? 0 : 1;
}
