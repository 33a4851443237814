import { escapeControls } from "@bailiwick/base";
import type { Order } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { formatTime, paintFor } from "../format.ts";
import { readDuration } from "./duration.ts";
import { scopeOf, scopeText, type ScopeOptions } from "./scope.ts";
import { openClient } from "./session.ts";

export interface OrderOptions extends ScopeOptions {
  readonly reason: string;
  readonly for?: string;
  readonly lift?: true;
  readonly json?: true;
}

/** `bailiwick server kill`: ends runs of hosts; with `--lift` lets runs start there again. */
export async function killCommand(options: OrderOptions): Promise<number> {
  const client = openClient(process.env);
  const scope = scopeOf(options);
  const { reason } = options;
  if (options.lift) {
    await client.call("liftKill", { body: { scope, reason } });
    return said(options, { lifted: "kill", scope }, `runs of ${scopeText(scope)} may start again`);
  }
  const order = await client.call("killRuns", { body: { scope, reason, ...standing(options) } });
  return said(options, order, `${scopeText(scope)}: ended${untilText(order)}`);
}

export async function pauseCommand(options: OrderOptions): Promise<number> {
  const scope = scopeOf(options);
  const { reason } = options;
  const order = await openClient(process.env).call("pauseRuns", { body: { scope, reason, ...standing(options) } });
  return said(options, order, `${scopeText(scope)}: paused${untilText(order)}`);
}

export async function resumeCommand(options: OrderOptions): Promise<number> {
  const scope = scopeOf(options);
  await openClient(process.env).call("resumeRuns", { body: { scope, reason: options.reason } });
  return said(options, { lifted: "pause", scope }, `${scopeText(scope)}: goes on`);
}

/** `bailiwick server lease 120 --all`; 0 takes it away. */
export async function leaseCommand(seconds: string, options: OrderOptions): Promise<number> {
  const { type, id } = scopeOf(options);
  if (type !== "Company" && type !== "Team" && type !== "Person" && type !== "Host") {
    throw new CliError("CLI_USAGE", "a lease is for hosts", { remedy: "give --all, --team, --person or --host" });
  }
  if (!/^[0-9]{1,5}$/.test(seconds)) {
    throw new CliError("CLI_USAGE", `\`${seconds}\` is no number of seconds`, {
      remedy: "give 10 to 86400, or 0 for none",
    });
  }
  const scope = { type, id };
  await openClient(process.env).call("setLease", { body: { scope, seconds: Number(seconds), reason: options.reason } });
  const text = seconds === "0" ? "runs go on without the server" : `runs that hear nothing for ${seconds} s are ended`;
  return said(options, { scope, seconds: Number(seconds) }, `${scopeText(scope)}: ${text}`);
}

export async function listOrdersCommand(options: { readonly past?: true; readonly json?: true }): Promise<number> {
  const query = { standing: options.past ? "false" : "true" } as const;
  const { items } = await openClient(process.env).call("listOrders", { query });
  const paint = paintFor(process.stdout, process.env);
  for (const item of items) {
    const lifted =
      item.liftedAt === undefined ? "" : ` (lifted ${formatTime(item.liftedAt)} by ${item.liftedBy ?? ""})`;
    const what = item.kind === "lease" ? `lease ${String(item.seconds ?? 0)} s` : item.kind;
    const line = `${paint("dim", formatTime(item.at))}  ${item.id}  ${what}  ${scopeText(item.scope)}${untilText(item)}  ${item.by}: ${escapeControls(item.reason)}${lifted}`;
    process.stdout.write(options.json ? `${JSON.stringify(item)}\n` : `${line}\n`);
  }
  return 0;
}

function said(options: { readonly json?: true }, value: object, text: string): number {
  process.stdout.write(`${options.json ? JSON.stringify(value) : text}\n`);
  return 0;
}

function untilText({ expiresAt }: Pick<Order, "expiresAt">): string {
  return expiresAt === undefined ? "" : `, until ${formatTime(expiresAt)} for what starts or comes back`;
}

const LIMITS = { least: 10, most: 30 * 86_400, said: "10s to 30d" };

function standing({ for: text }: OrderOptions): { readonly standsS?: number } {
  return text === undefined ? {} : { standsS: readDuration(text, LIMITS) };
}
