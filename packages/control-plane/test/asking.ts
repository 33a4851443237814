/** Questions for tests: asked by a host, of nothing that runs. */
import type { Ask } from "../contract/index.ts";
import type { AskTerms } from "../contract/questions.ts";
import type { TestHost } from "./host.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

let asked = 0;

export interface AskFacts extends Partial<Pick<Ask, "about" | "argv" | "project" | "agent" | "reason">> {
  readonly terms?: Partial<AskTerms>;
  readonly expiresInS?: number;
}

/** Resolves with the question's id. */
export async function askAs(host: TestHost, { terms, expiresInS = 60, ...more }: AskFacts = {}): Promise<string> {
  asked += 1;
  const id = `${String(process.pid)}x${String(asked)}`.padStart(22, "q");
  const body = {
    ...{ id, run: "0".repeat(25) + "1", agent: "claude-code", project: "shop", exec: asked, bound: digest("a") },
    ...{
      policyDigest: digest("b"),
      argv: ["git", "push"],
      cwd: "/",
      files: [],
      reason: "it leaves",
      policies: ["push"],
    },
    expiresInS,
    terms: { classes: [], links: true, approvals: 1, ...terms },
    ...more,
  };
  await host.client.call("askQuestion", { params: { host: host.id }, body });
  return id;
}

/** Looks until there is something; the test's own time limit ends it. */
export async function eventually<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
