/** `node packages/policy/test/measure-standard.ts FILE.jsonl [LABEL/POLICY…]`: what the standard policies say to labelled commands. */
import { readFileSync } from "node:fs";
import { openDecider } from "../src/index.ts";
import { STANDARD_POLICIES } from "../src/standard/standard.ts";
import type { Decision, Outcome } from "../src/types.ts";
import { exec, program } from "./requests.ts";
import { execsOf } from "./shell-text.ts";

export interface LabelledCommand {
  readonly command: string;
  readonly label: "benign" | "dangerous";
  readonly policy: "deny" | "ask" | "allow-in-sandbox";
  readonly category: string;
  readonly tags?: readonly string[];
}

export interface Measured extends LabelledCommand {
  readonly outcome: Outcome;
  readonly policies: readonly string[];
}

export function readLabelled(path: string): readonly LabelledCommand[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): LabelledCommand => JSON.parse(line));
}

export async function measureStandard(commands: readonly LabelledCommand[]): Promise<readonly Measured[]> {
  const decider = await openDecider({ sources: STANDARD_POLICIES, cache: undefined });
  try {
    const measured: Measured[] = [];
    for (const labelled of commands) {
      const decisions: Decision[] = [];
      for (const argv of execsOf(labelled.command)) {
        const name = (argv[0] ?? "").slice((argv[0] ?? "").lastIndexOf("/") + 1);
        decisions.push(
          await decider.decide(
            exec(argv, { links: [{ program: program(name), argv }], cwd: "/home/dev/work", run: RUN }),
          ),
        );
      }
      const outcome =
        (["deny", "ask"] as const).find((each) => decisions.some((decision) => decision.outcome === each)) ?? "allow";
      const policies = decisions
        .filter((decision) => decision.outcome === outcome)
        .flatMap((decision) => decision.policies);
      measured.push({ ...labelled, outcome, policies });
    }
    return measured;
  } finally {
    await decider.close();
  }
}

const RUN = {
  runId: "measure",
  user: "dev",
  agent: "none",
  project: "/home/dev/work",
  profile: "standard",
  labels: [],
};

/** Shares flagged (denied or asked), by label and policy. */
export function summarise(measured: readonly Measured[]): Readonly<Record<string, string>> {
  const groups = new Map<string, Measured[]>();
  for (const each of measured) {
    const agent =
      each.tags?.includes("real-agent") === true
        ? ["real-agent " + each.label, `real-agent ${each.label}/${each.policy}`]
        : [];
    for (const group of [
      `${each.label}`,
      `${each.label}/${each.policy}`,
      `${each.label}/${each.policy}/${each.category}`,
      ...agent,
    ]) {
      groups.set(group, [...(groups.get(group) ?? []), each]);
    }
  }
  return Object.fromEntries(
    [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([group, members]) => {
        const share = (outcome: Outcome) => members.filter((each) => each.outcome === outcome).length / members.length;
        return [group, `${String(members.length)}: deny ${percent(share("deny"))}, ask ${percent(share("ask"))}`];
      }),
  );
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

if (import.meta.main) {
  const [path = "", ...show] = process.argv.slice(2);
  const measured = await measureStandard(readLabelled(path));
  for (const [group, text] of Object.entries(summarise(measured))) console.log(group.padEnd(60), text);
  for (const each of measured) {
    const flagged = each.outcome !== "allow";
    const groups = [
      `fp/${each.tags?.includes("real-agent") === true ? "agent" : "other"}`,
      `miss/${each.policy}/${each.category}`,
    ];
    const wanted = show.some((group) => groups.some((known) => known.startsWith(group)));
    const wrong =
      each.policy === "allow-in-sandbox" || each.label === "benign" ? flagged && groups[0] : !flagged && groups[1];
    if (wanted && wrong !== false && show.some((group) => String(wrong).startsWith(group))) {
      console.log(
        `${String(wrong)} [${each.label} ${each.policy}] ${each.policies.join(",")} | ${JSON.stringify(each.command).slice(0, 200)}`,
      );
    }
  }
}
