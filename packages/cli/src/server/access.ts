import { escapeControls } from "@bailiwick/base";
import type { InputOf } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { paintFor } from "../format.ts";
import { openClient } from "./session.ts";

type Asked = InputOf<"explainAccess">["body"];

/** `bailiwick access explain robin viewRun Run:01m8…`: yes or no, and why. Exit status 0 for yes, 1 for no. */
export async function explainCommand(
  { who, action, what }: { readonly who: string; readonly action: string; readonly what: string },
  options: { readonly json?: true },
): Promise<number> {
  const body: Asked = { who: readWho(who), action, resource: readWhat(what) };
  const answer = await openClient(process.env).call("explainAccess", { body });
  if (options.json) {
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return answer.allowed ? 0 : 1;
  }
  const paint = paintFor(process.stdout, process.env);
  const outcome = answer.allowed ? paint("green", "yes") : paint("red", "no");
  process.stdout.write(`${outcome}: ${escapeControls(answer.reason)}\n`);
  if (answer.policies.length > 0) process.stdout.write(`  by ${answer.policies.map(escapeControls).join(", ")}\n`);
  return answer.allowed ? 0 : 1;
}

export async function rolesCommand(): Promise<number> {
  const { items } = await openClient(process.env).call("listRoles", {});
  for (const { name, any, own } of items) {
    const parts = [any.join(", "), own.length === 0 ? "" : `own: ${own.join(", ")}`].filter((part) => part !== "");
    process.stdout.write(`${name.padEnd(16)} ${parts.join("; ")}\n`);
  }
  return 0;
}

function readWho(text: string): Asked["who"] {
  const [, type = "Person", id = ""] = /^(?:(Person|Token|Host):)?(.+)$/.exec(text) ?? [];
  if (type === "Person" || type === "Token" || type === "Host") return { type, id };
  throw new CliError("CLI_USAGE", `\`${text}\` is nobody`);
}

const TYPES = ["Company", "Team", "Person", "Project", "Agent", "Host", "Run", "Pool", "Task", "Question"] as const;

function readWhat(text: string): Asked["resource"] {
  if (text === "company") return { type: "Company", id: "company" };
  const [, named = "", id = ""] = /^([A-Z][a-z]+):(.+)$/.exec(text) ?? [];
  const type = TYPES.find((known) => known === named);
  if (type !== undefined) return { type, id };
  throw new CliError("CLI_USAGE", `\`${text}\` is nothing that a right can be for`, {
    remedy: `write \`company\`, or TYPE:ID with a type of ${TYPES.join(", ")}`,
  });
}
