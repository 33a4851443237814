import { basename } from "node:path";
import { escapeControls, formatCommand } from "@bailiwick/base";
import {
  execRequestFor,
  explain,
  httpRequestFor,
  type DecisionRequest,
  type ExplainedPolicy,
  type Explanation,
  type RunFacts,
} from "@bailiwick/policy";
import { accountName, findProgram } from "@bailiwick/run";
import { count, paintFor, type Paint } from "../format.ts";
import { parseLabels, usage } from "../run/options.ts";
import { policySetHere } from "./sources.ts";

export interface ExplainOptions {
  readonly policy?: readonly string[];
  readonly profile?: string;
  readonly agent: string;
  readonly label?: readonly string[];
  /** `METHOD URL`, in place of a command. */
  readonly request?: string;
  readonly json?: true;
}

/** 0: it would be allowed. 1: asked about or refused. */
export async function explainPolicyCommand(argv: readonly string[], options: ExplainOptions): Promise<number> {
  if ((argv.length === 0) === (options.request === undefined))
    throw usage("needs either a command or `--request`", "policy explain");
  const { name, sources } = await policySetHere(options.policy ?? [], options.profile);
  const run = {
    ...{ runId: "explain", user: accountName(), agent: options.agent, project: process.cwd(), profile: name },
    labels: parseLabels(options.label ?? [], "policy explain"),
  };
  const asked = options.request === undefined ? commandRequest(run, argv) : httpRequest(run, options.request);
  const found = await explain({ sources, cache: undefined }, asked);
  const what = options.request ?? formatCommand(argv);
  if (options.json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else process.stdout.write(explanationText(what, found, paintFor(process.stdout, process.env)));
  return found.decision.outcome === "allow" ? 0 : 1;
}

/** As an agent in this directory would make it; the program is the host's, where there is one. */
function commandRequest(run: RunFacts, argv: readonly string[]): DecisionRequest {
  const cwd = run.project;
  const request = execRequestFor(run, argv, cwd);
  const [link] = request.links;
  const path = findProgram(argv[0] ?? "", process.env["PATH"], cwd);
  if (link === undefined || path === undefined) return { ...request, timeMs: Date.now() };
  const names = [...new Set([...link.program.names, basename(path)])];
  return { ...request, timeMs: Date.now(), links: [{ ...link, program: { ...link.program, path, names } }] };
}

/** As the gateway would ask where it looks into the connection: without headers, of unknown size. @throws CliError CLI_USAGE */
function httpRequest(run: RunFacts, text: string): DecisionRequest {
  const [method = "", address = "", ...rest] = text.trim().split(/\s+/);
  const url = /^https?:\/\//i.test(address) ? URL.parse(address) : null;
  if (url === null || rest.length > 0 || !/^[A-Za-z-]+$/.test(method))
    throw usage(
      `\`--request ${text}\` is not a method and a URL, as \`POST https://api.example/v1/files\``,
      "policy explain",
    );
  // As written: a URL parser would already have taken dot segments and backslashes away, which the gateway refuses.
  const target = address.replace(/^https?:\/\/[^/?#]*/i, "");
  const secure = url.protocol === "https:";
  const request = httpRequestFor(
    run,
    {
      host: url.hostname,
      port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
      secure,
      method: method.toUpperCase(),
      target: target.startsWith("/") ? target : `/${target}`,
      headers: [],
      sizeBytes: -1,
      credential: "",
      program: "",
    },
    Date.now(),
  );
  if (!("unreadable" in request)) return request;
  throw usage(`the request target ${request.unreadable}: it is refused before policies are asked`, "policy explain");
}

const OUTCOME = { ask: "would be asked about", deny: "would be refused" } as const;

export function explanationText(what: string, { decision, subjects, policyCount }: Explanation, paint: Paint): string {
  const color = ({ allow: "green", ask: "yellow", deny: "red" } as const)[decision.outcome];
  const allowed = subjects.some(({ argv }) => argv.length > 0) ? "would run" : "would be sent";
  const outcome = decision.outcome === "allow" ? allowed : OUTCOME[decision.outcome];
  const lines = [`${paint(color, outcome)}: ${escapeControls(what)}`];
  if (decision.reason !== "") lines.push(`  because  ${escapeControls(decision.reason)}`);
  if (decision.instead !== undefined) lines.push(`  instead  ${escapeControls(decision.instead)}`);
  if (decision.approver !== undefined) lines.push(`  asks     ${escapeControls(decision.approver)}`);
  if (decision.failure !== undefined) lines.push(`  failed   ${escapeControls(decision.failure)}`);
  for (const { what: subject, policies } of subjects) {
    const applied = policies.filter(({ result }) => result !== "not satisfied");
    const others = policies.length - applied.length;
    lines.push(
      "",
      `${escapeControls(subject)}: ${count(policies.length, "policy")} of ${String(policyCount)} could apply`,
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
