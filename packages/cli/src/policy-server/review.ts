import { diff } from "node:util";
import { escapeControls } from "@bailiwick/base";
import type { PolicyVersion } from "@bailiwick/control-plane/contract";
import { readBundle } from "@bailiwick/policy";
import { formatTime, paintFor, type Paint } from "../format.ts";
import { whatIfText } from "../policy/replay.ts";
import { openClient } from "../server/session.ts";
import { print, scopeText } from "./scope.ts";

interface Json {
  readonly json?: true;
}

/** What a version says, against what holds for its scope now. */
export async function reviewCommand(version: string, options: Json): Promise<number> {
  const found = await openClient(process.env).call("showPolicy", { params: { version } });
  const paint = paintFor(process.stdout, process.env);
  const { tested, why } = found;
  const rows = [
    ["version", found.id],
    ["for", scopeText(found.scope)],
    ["digest", found.digest],
    ["by", `${found.author}, ${formatTime(found.at)}`],
    ...(why === undefined ? [] : [["why", why]]),
    ...(found.proposal === undefined ? [] : [["proposal", found.proposal]]),
    ["state", stateText(found)],
    [
      "tests",
      [`${String(tested.passed)} passed, ${String(tested.failed.length)} failed`, ...tested.failed].join(
        "\n           ",
      ),
    ],
  ];
  const head = rows.map(([name = "", text = ""]) => `${name.padEnd(9)}  ${escapeControls(text)}`);
  return print(options, found, [...head, ...changes(found.before, found.bundle, paint)].join("\n"));
}

/** Every line of every file that is another than before. */
function changes(before: string | undefined, after: string, paint: Paint): string[] {
  const [old, now] = [filesOf(before), filesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((name) => {
    const [one = "", other = ""] = [old.get(name), now.get(name)];
    if (one === other) return [];
    const lines = diff(other.split("\n"), one.split("\n")).map(([kind, line]) => {
      const text = escapeControls(line);
      return kind === 0 ? `  ${text}` : kind > 0 ? paint("green", `+ ${text}`) : paint("red", `- ${text}`);
    });
    return ["", `--- ${name}`, ...lines];
  });
}

function filesOf(text: string | undefined): Map<string, string> {
  if (text === undefined) return new Map();
  const { policies, tests, profile, requiredWithinHours: hours } = readBundle(text);
  const files = [...policies, ...tests].map(({ name, text: content }) => [name, content] as const);
  if (profile !== undefined) files.push(["profile.toml", profile]);
  if (hours !== undefined) files.push(["required within", `${String(hours)} hours`]);
  return new Map(files);
}

export async function approveCommand(version: string, options: Json & { readonly why?: string }): Promise<number> {
  const client = openClient(process.env);
  const { why } = options;
  const { digest } = await client.call("showPolicy", { params: { version } });
  const approved = await client.call("approvePolicy", {
    params: { version },
    body: { digest, ...(why !== undefined && { why }) },
  });
  return print(options, approved, `approved: ${approved.id} for ${scopeText(approved.scope)}`);
}

export async function rejectCommand(version: string, options: Json & { readonly why: string }): Promise<number> {
  const rejected = await openClient(process.env).call("rejectPolicy", {
    params: { version },
    body: { why: options.why },
  });
  return print(options, rejected, `rejected: ${rejected.id} for ${scopeText(rejected.scope)}`);
}

export async function whatIfCommand(version: string, options: Json & { readonly days: string }): Promise<number> {
  const body = { days: Number(options.days) };
  const found = await openClient(process.env).call("whatIfPolicy", { params: { version }, body });
  return print(options, found, whatIfText(found, paintFor(process.stdout, process.env)).trimEnd());
}

export async function logCommand(options: Json): Promise<number> {
  const client = openClient(process.env);
  const [versions, releases] = [await client.call("listPolicies", {}), await client.call("listReleases", {})];
  const paint = paintFor(process.stdout, process.env);
  const lines = [
    ...versions.items.map((item) => {
      const text = `${item.id}  ${scopeText(item.scope)}  drafted by ${item.author}  ${stateText(item)}`;
      return { at: item.at, item, text };
    }),
    ...releases.items.map((item) => {
      const { version = "nothing", kind, percent, halted, reason } = item;
      const how = `${String(percent)} of 100 hosts${halted ? ", halted" : ""}`;
      const why = reason === undefined ? "" : `: ${escapeControls(reason)}`;
      return {
        at: item.at,
        item,
        text: `${version}  ${scopeText(item.scope)}  ${kind} ${String(item.sequence)} to ${how} by ${item.by}${why}`,
      };
    }),
  ];
  for (const { at, item, text } of lines.sort((a, b) => b.at - a.at)) {
    process.stdout.write(options.json ? `${JSON.stringify(item)}\n` : `${paint("dim", formatTime(at))}  ${text}\n`);
  }
  return 0;
}

function stateText({ state, reviewedBy, review }: PolicyVersion): string {
  const by = reviewedBy === undefined ? "" : ` by ${reviewedBy}`;
  return `${state}${by}${review === undefined ? "" : `: ${review}`}`;
}
