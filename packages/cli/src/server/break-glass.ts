import { escapeControls } from "@bailiwick/base";
import { pages, type AnswerOf } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { formatTime } from "../format.ts";
import { readDuration } from "./duration.ts";
import { noteLine } from "./note-line.ts";
import { openClient } from "./session.ts";

export interface BreakGlassOptions {
  readonly reason: string;
  readonly for?: string;
  readonly team?: string;
  readonly json?: true;
}

const LIMITS = { least: 60, most: 4 * 3_600, said: "1m to 4h" };

type BreakGlass = AnswerOf<"breakGlass">;

/** `bailiwick server break-glass --reason …`: the rights of the role break-glass, for a time, with an alarm. */
export async function breakGlassCommand({ reason, team, ...options }: BreakGlassOptions): Promise<number> {
  const opened = await openClient(process.env).call("breakGlass", {
    body: {
      reason,
      ...(options.for !== undefined && { expiresInS: readDuration(options.for, LIMITS) }),
      ...(team !== undefined && { scope: { type: "Team", id: team } as const }),
    },
  });
  const { id, scope, expiresAt } = opened;
  const text = `open as ${id} for ${scopeText(scope)}, until ${formatTime(expiresAt)}; the owners are told, and all that you do is marked\n`;
  process.stdout.write(options.json ? `${JSON.stringify(opened)}\n` : text);
  return 0;
}

/** Newest first, all of them. */
export async function listBreakGlassesCommand(options: { readonly json?: true }): Promise<number> {
  const client = openClient(process.env);
  for await (const { items } of pages((after) => client.call("listBreakGlasses", { query: { after } }))) {
    for (const item of items) process.stdout.write(options.json ? `${JSON.stringify(item)}\n` : lineOf(item));
  }
  return 0;
}

/** All that was done meanwhile, oldest first. */
export async function showBreakGlassCommand(opening: string, options: { readonly json?: true }): Promise<number> {
  const client = openClient(process.env);
  const params = { opening: readId(opening) };
  for await (const { items } of pages((after) => client.call("showBreakGlass", { params, query: { after } }))) {
    for (const item of items) process.stdout.write(options.json ? `${JSON.stringify(item)}\n` : `${noteLine(item)}\n`);
  }
  return 0;
}

export async function endBreakGlassCommand(opening: string): Promise<number> {
  await openClient(process.env).call("endBreakGlass", { params: { opening: readId(opening) } });
  process.stdout.write(`${opening}: ended\n`);
  return 0;
}

function lineOf(item: AnswerOf<"listBreakGlasses">["items"][number]): string {
  const { id, person, scope, reason, at, expiresAt, endedAt, endedBy, used, refused } = item;
  const ended =
    endedAt === undefined ? `until ${formatTime(expiresAt)}` : `ended ${formatTime(endedAt)} by ${endedBy ?? ""}`;
  return `${formatTime(at)}  ${id}  ${person} for ${scopeText(scope)}, ${ended}  ${String(used)} used, ${String(refused)} refused  ${escapeControls(reason)}\n`;
}

function scopeText({ type, id }: BreakGlass["scope"]): string {
  return type === "Company" ? "the company" : `${type} ${escapeControls(id)}`;
}

function readId(text: string): string {
  if (/^b-[0-9a-f]{12}$/.test(text)) return text;
  throw new CliError("CLI_USAGE", `\`${text}\` names no opening of the role break-glass`, {
    remedy: "see `bailiwick server break-glass list`",
  });
}
