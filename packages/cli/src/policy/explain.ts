import { basename } from "node:path";
import { escapeControls, formatCommand } from "@bailiwick/base";
import { execRequestFor, explain, type ExplainedPolicy, type Explanation, type ExecRequest } from "@bailiwick/policy";
import { accountName, findProgram } from "@bailiwick/run";
import { count, paintFor, type Paint } from "../format.ts";
import { policySet } from "./sources.ts";

export interface ExplainOptions {
  readonly policy?: readonly string[];
  readonly profile: string;
  readonly agent: string;
  readonly json?: true;
}

/** 0: it would be allowed. 1: asked about or refused. */
export async function explainPolicyCommand(argv: readonly string[], options: ExplainOptions): Promise<number> {
  const sources = policySet(options.policy ?? []);
  const found = await explain({ sources, cache: undefined }, requestFor(argv, options));
  if (options.json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else process.stdout.write(explanationText(argv, found, paintFor(process.stdout, process.env)));
  return found.decision.outcome === "allow" ? 0 : 1;
}

/** As an agent in this directory would make it; the program is the host's, where there is one. */
function requestFor(argv: readonly string[], { agent, profile }: ExplainOptions): ExecRequest {
  const cwd = process.cwd();
  const run = { runId: "explain", user: accountName(), agent, project: cwd, profile };
  const request = execRequestFor(run, argv, cwd);
  const [link] = request.links;
  const path = findProgram(argv[0] ?? "", process.env["PATH"], cwd);
  if (link === undefined || path === undefined) return { ...request, timeMs: Date.now() };
  const names = [...new Set([...link.program.names, basename(path)])];
  return { ...request, timeMs: Date.now(), links: [{ ...link, program: { ...link.program, path, names } }] };
}

const OUTCOME = { allow: "would run", ask: "would be asked about", deny: "would be refused" } as const;

export function explanationText(
  argv: readonly string[],
  { decision, subjects, policyCount }: Explanation,
  paint: Paint,
): string {
  const color = ({ allow: "green", ask: "yellow", deny: "red" } as const)[decision.outcome];
  const lines = [`${paint(color, OUTCOME[decision.outcome])}: ${formatCommand(argv)}`];
  if (decision.reason !== "") lines.push(`  because  ${escapeControls(decision.reason)}`);
  if (decision.instead !== undefined) lines.push(`  instead  ${escapeControls(decision.instead)}`);
  if (decision.approver !== undefined) lines.push(`  asks     ${escapeControls(decision.approver)}`);
  if (decision.failure !== undefined) lines.push(`  failed   ${escapeControls(decision.failure)}`);
  for (const { what, policies } of subjects) {
    const applied = policies.filter(({ result }) => result !== "not satisfied");
    const others = policies.length - applied.length;
    lines.push(
      "",
      `${escapeControls(what)}: ${count(policies.length, "policy")} of ${String(policyCount)} could apply`,
    );
    for (const policy of applied) lines.push(...policyLines(policy, paint));
    if (others > 0)
      lines.push(paint("dim", `  and ${String(others)} whose conditions do not hold here (--json shows them)`));
  }
  return `${lines.join("\n")}\n`;
}

function policyLines({ id, effect, source, line, result, facts }: ExplainedPolicy, paint: Paint): string[] {
  const decides =
    result === "failed"
      ? paint("red", "could not be evaluated, which refuses")
      : paint(effect === "permit" ? "green" : "red", `${effect}s`);
  const looked = Object.entries(facts).map(([name, value]) => `${name} = ${escapeControls(JSON.stringify(value))}`);
  const head = `  ${id} ${decides}  ${paint("dim", `${source}:${String(line)}`)}`;
  return [head, ...looked.map((fact) => paint("dim", `      ${fact.slice(0, 200)}`))];
}
