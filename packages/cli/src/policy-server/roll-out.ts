import { escapeControls } from "@bailiwick/base";
import type { HeldLayer, PolicyRelease } from "@bailiwick/control-plane/contract";
import { HeldPolicies, locateStateDirectory, readStanding } from "@bailiwick/run";
import { CliError } from "../errors.ts";
import { formatTime, paintFor } from "../format.ts";
import { openClient } from "../server/session.ts";
import { print, scopeOf, scopeText, type ScopeOptions } from "./scope.ts";

interface Json {
  readonly json?: true;
}

export interface RollOutOptions extends Json {
  readonly percent?: string;
  readonly team?: readonly string[];
  readonly host?: readonly string[];
}

/** To all hosts of the scope, unless a part of them or some first are named. */
export async function rollOutCommand(version: string, options: RollOutOptions): Promise<number> {
  const { team = [], host = [] } = options;
  const first = [
    ...team.map((id) => ({ type: "Team", id }) as const),
    ...host.map((id) => ({ type: "Host", id }) as const),
  ];
  // Who names some first means these.
  const percent = options.percent === undefined ? (first.length === 0 ? 100 : 0) : percentOf(options.percent);
  const release = await openClient(process.env).call("rollOutPolicy", {
    params: { version },
    body: { percent, first },
  });
  return print(options, release, releaseText(release));
}

export async function promoteCommand(percent: string, options: Json & ScopeOptions): Promise<number> {
  const body = { scope: scopeOf(options), percent: percentOf(percent) };
  const release = await openClient(process.env).call("promotePolicy", { body });
  return print(options, release, releaseText(release));
}

export async function haltCommand(options: Json & ScopeOptions & { readonly reason: string }): Promise<number> {
  const body = { scope: scopeOf(options), reason: options.reason };
  const release = await openClient(process.env).call("haltPolicy", { body });
  return print(options, release, releaseText(release));
}

export async function rollBackCommand(
  options: Json & ScopeOptions & { readonly reason: string; readonly to?: string },
): Promise<number> {
  const { reason, to } = options;
  const body = { scope: scopeOf(options), reason, ...(to !== undefined && { to }) };
  const release = await openClient(process.env).call("rollBackPolicy", { body });
  return print(options, release, releaseText(release));
}

function percentOf(text: string): number {
  if (/^(100|[0-9]{1,2})$/.test(text)) return Number(text);
  throw new CliError("CLI_USAGE", `\`${text}\` is no share of hosts`, { remedy: "give 0 to 100" });
}

function releaseText({ version = "nothing", scope, sequence, percent, first, halted }: PolicyRelease): string {
  const some = first.map(({ type, id }) => `${type.toLowerCase()} ${id}`);
  const reached =
    percent === 100 ? ["all hosts"] : [...some, ...(percent > 0 ? [`${String(percent)} of 100 hosts`] : [])];
  return `${scopeText(scope)}: ${version} (${String(sequence)}) for ${reached.join(", ")}${halted ? ", halted" : ""}`;
}

/** Hosts with what they have; 1 when one of them is behind or refused something. */
export async function driftCommand(options: Json): Promise<number> {
  const { items } = await openClient(process.env).call("policyDrift", {});
  const paint = paintFor(process.stdout, process.env);
  for (const item of items) {
    const { state, id, person, told, heardAt, since, refused, beyond, lastRun } = item;
    const color = state === "current" ? "green" : state === "refused" ? "red" : "yellow";
    const lines = [
      `${paint(color, state)}  ${id}  of ${person}  ${layersText(told)}`,
      ...(since === undefined ? [] : [`  behind since ${formatTime(since)}`]),
      ...(heardAt === undefined ? ["  never heard"] : [`  heard ${formatTime(heardAt)}`]),
      ...(refused === undefined ? [] : [`  refused: ${escapeControls(refused)}`]),
      ...beyond.map((each) => `  without effect: ${escapeControls(each)}`),
      ...(lastRun === undefined ? [] : [`  last run ${lastRun.run} under ${layersText(lastRun.layers)}`]),
    ];
    process.stdout.write(options.json ? `${JSON.stringify(item)}\n` : `${lines.join("\n")}\n`);
  }
  return items.every(({ state }) => state === "current") ? 0 : 1;
}

/** What this host has of its server. */
export async function statusCommand(options: Json): Promise<number> {
  const { server } = locateStateDirectory(process.env);
  const held = new HeldPolicies(server);
  const standing = await readStanding(held, server);
  const { refused, beyond } = held.report();
  const found = {
    ...(standing && { heardAt: standing.at, sequence: standing.sequence }),
    layers: standing?.layers ?? [],
    ...(refused && { refused }),
    beyond,
  };
  const lines =
    standing === undefined
      ? ["this host has no policies of a server"]
      : [
          `heard ${formatTime(standing.at)}`,
          ...standing.layers.map((layer) => `${layersText([layer])}  ${layer.digest}`),
          ...(standing.layers.length === 0 ? ["no layer says anything"] : []),
        ];
  if (refused !== undefined) lines.push(`refused ${String(refused.sequence)}: ${escapeControls(refused.why)}`);
  lines.push(...beyond.map((each) => `without effect: ${escapeControls(each)}`));
  print(options, found, lines.join("\n"));
  return refused === undefined ? 0 : 1;
}

function layersText(layers: readonly HeldLayer[]): string {
  if (layers.length === 0) return "no layers";
  return layers
    .map(
      ({ layer, scope, sequence }) =>
        `${layer}${layer === "company" ? "" : ` ${escapeControls(scope)}`} ${String(sequence)}`,
    )
    .join(", ");
}
