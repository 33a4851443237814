import { escapeControls } from "@bailiwick/base";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { formatTime } from "../format.ts";
import { readDuration } from "./duration.ts";
import { openClient } from "./session.ts";

export interface DelegateOptions {
  readonly for: string;
  readonly team?: string;
  readonly class?: string;
  readonly reason: string;
  readonly json?: true;
}

const LIMITS = { least: 60, most: 30 * 86_400, said: "1m to 30d" };

type Delegation = AnswerOf<"delegate">;

/** `bailiwick approvals delegate sam --for 8h --reason …`: hands on one's right to answer. */
export async function delegateCommand(to: string, options: DelegateOptions): Promise<number> {
  const { team, class: className, reason } = options;
  const made = await openClient(process.env).call("delegate", {
    body: {
      ...{ to, reason, expiresInS: readDuration(options.for, LIMITS) },
      ...(team !== undefined && { scope: { type: "Team", id: team } as const }),
      ...(className !== undefined && { class: className }),
    },
  });
  process.stdout.write(options.json ? `${JSON.stringify(made)}\n` : lineOf(made));
  return 0;
}

export async function listDelegationsCommand(options: { readonly json?: true }): Promise<number> {
  const { items } = await openClient(process.env).call("listDelegations", {});
  for (const item of items) process.stdout.write(options.json ? `${JSON.stringify(item)}\n` : lineOf(item));
  return 0;
}

export async function endDelegationCommand(id: string): Promise<number> {
  if (!/^d-[0-9a-f]{12}$/.test(id)) {
    throw new CliError("CLI_USAGE", `\`${id}\` names nothing that was handed on`, {
      remedy: "see `bailiwick approvals delegations`",
    });
  }
  await openClient(process.env).call("endDelegation", { params: { delegation: id } });
  process.stdout.write(`${id}: ended\n`);
  return 0;
}

function lineOf({ id, from, to, scope, class: className, reason, expiresAt }: Delegation): string {
  const about = className === undefined ? "questions" : `questions about ${className}`;
  const where = scope.type === "Company" ? "" : ` of ${scope.type.toLowerCase()} ${escapeControls(scope.id)}`;
  return `${id}  ${to} answers ${about}${where} for ${from}, until ${formatTime(expiresAt)}  ${escapeControls(reason)}\n`;
}
