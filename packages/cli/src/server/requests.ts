import { escapeControls } from "@bailiwick/base";
import { CliError } from "../errors.ts";
import { formatTime } from "../format.ts";
import { openClient } from "./session.ts";

/** What waits for others, with all that it would do. */
export async function listRequestsCommand(options: { readonly json?: true }): Promise<number> {
  const { items } = await openClient(process.env).call("listRequests", {});
  for (const item of items) {
    const { id, by, route, resource, given, confirmedBy, needs, expiresAt } = item;
    const who = [by, ...confirmedBy].join(", ");
    const what = `${route} on ${resource.type} ${resource.id} ${JSON.stringify(given)}`;
    const line = `${id}  ${who} (${String(1 + confirmedBy.length)} of ${String(needs)})  ${escapeControls(what)}  until ${formatTime(expiresAt)}`;
    process.stdout.write(`${options.json ? JSON.stringify(item) : line}\n`);
  }
  return 0;
}

export async function confirmCommand(id: string, options: { readonly json?: true }): Promise<number> {
  const answer = await openClient(process.env).call("confirmRequest", { params: { request: readId(id) } });
  const { done, has, needs } = answer;
  const text = done ? `${id}: done` : `${id}: ${String(has)} of ${String(needs)} want it`;
  process.stdout.write(`${options.json ? JSON.stringify(answer) : text}\n`);
  return 0;
}

export async function rejectCommand(id: string): Promise<number> {
  await openClient(process.env).call("rejectRequest", { params: { request: readId(id) } });
  process.stdout.write(`${id}: rejected\n`);
  return 0;
}

function readId(text: string): string {
  if (/^r-[0-9a-f]{12}$/.test(text)) return text;
  throw new CliError("CLI_USAGE", `\`${text}\` names no request`, { remedy: "see `bailiwick server pending`" });
}
