import { join } from "node:path";
import { escapeControls } from "@bailiwick/base";
import { locateStateDirectory } from "@bailiwick/run";
import { parseQuery, SearchIndex, type Found, type FoundRun, type Query } from "@bailiwick/search";
import { count, formatTime, paintFor, type Paint } from "../format.ts";
import { Output } from "../output.ts";
import { Progress } from "../progress.ts";
import { usage } from "../run/options.ts";
import { clockText } from "../replay/times.ts";
import { runLine } from "../runs/list.ts";
import { knownRuns } from "../runs/select.ts";

export interface SearchCommandOptions {
  readonly limit: string;
  readonly runs?: true;
  readonly server?: true;
  readonly rebuild?: true;
  readonly json?: true;
}

/** 0: something was found. 1: nothing was. */
export async function searchCommand(words: readonly string[], options: SearchCommandOptions): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw usage(`\`--limit\` is not a number from 1 on: \`${options.limit}\``, "search");
  const query = parseQuery(words.join(" "), Date.now());
  if (options.server) return await searchServer({ text: words.join(" "), query, limit }, options);
  const state = locateStateDirectory(process.env);
  const progress = new Progress();
  const index = await SearchIndex.open({
    log: state.log,
    index: join(state.root, "search.sqlite"),
    rebuild: options.rebuild === true,
    onProgress: (done, of) => {
      progress.show("reading the record", done, of);
    },
  });
  progress.end();
  try {
    if (index.memory !== undefined) {
      process.stderr.write(`bailiwick: the index is in memory only, this time: ${escapeControls(index.memory)}\n`);
    }
    return options.runs === true
      ? await showRuns(index.findRuns(query, limit), options)
      : await showEvents(index.find(query, limit), query, options);
  } finally {
    index.close();
  }
}

async function searchServer(
  { text, query, limit }: { readonly text: string; readonly query: Query; readonly limit: number },
  { runs, rebuild, json }: SearchCommandOptions,
): Promise<number> {
  if (runs) throw usage("`--runs` counts in the runs of this host, not at the server", "search");
  if (rebuild) {
    throw usage("the server's index is made anew by its operator: `bailiwick serve --rebuild-search`", "search");
  }
  const { openClient } = await import("../server/session.ts");
  const { pages } = await import("@bailiwick/control-plane/contract");
  const client = openClient(process.env);
  const output = new Output(process.stdout);
  const paint = paintFor(process.stdout, process.env);
  let shown = 0;
  for await (const { items } of pages((after) =>
    client.call("searchEvents", { query: { query: text, after, limit: Math.min(1_000, limit - shown) } }),
  )) {
    for (const item of items) {
      const place = paint("dim", escapeControls(`${item.person}@${item.host}`));
      const line = eventLine({ into: undefined, ...NOT_SAID, ...item }, query, paint, place);
      await output.line(json ? JSON.stringify(item) : line);
    }
    shown += items.length;
    if (shown >= limit) break;
  }
  if (!json && shown === 0) process.stderr.write("nothing found in what you may read\n");
  return shown === 0 ? 1 : 0;
}

const NOT_SAID = { decision: undefined, signal: undefined, status: undefined };

async function showEvents(found: readonly Found[], query: Query, { json }: SearchCommandOptions): Promise<number> {
  const output = new Output(process.stdout);
  const paint = paintFor(process.stdout, process.env);
  for (const event of found) await output.line(json ? JSON.stringify(event) : eventLine(event, query, paint));
  if (!json) process.stderr.write(found.length === 0 ? "nothing found\n" : hintFor(found, paint));
  return found.length === 0 ? 1 : 0;
}

async function showRuns(found: readonly FoundRun[], { json }: SearchCommandOptions): Promise<number> {
  const output = new Output(process.stdout);
  const paint = paintFor(process.stdout, process.env);
  const { runs } = await knownRuns(process.env);
  const known = new Map<string, (typeof runs)[number]>(runs.map((each) => [each.run, each]));
  for (const each of found) {
    const run = known.get(each.run);
    const line = run === undefined ? each.run : runLine(run, paint);
    await output.line(
      json ? JSON.stringify(each) : `${line}  ${paint("bold", count(each.found, "match").replace(/chs$/, "ches"))}`,
    );
  }
  if (!json && found.length === 0) process.stderr.write("nothing found\n");
  return found.length === 0 ? 1 : 0;
}

const SIGNS = { allowed: ["green", "✓"], refused: ["red", "✗"], asked: ["yellow", "?"] } as const;

type Line = Pick<Found, "into" | "decision" | "signal" | "status" | "at" | "run" | "line" | "reason">;

/** @param place of another host's event */
function eventLine(event: Line, query: Query, paint: Paint, place?: string): string {
  const [color, sign] =
    event.into !== undefined
      ? (["dim", "│"] as const)
      : event.decision === undefined
        ? (["dim", "·"] as const)
        : SIGNS[event.decision];
  const ended =
    event.signal ?? (event.status === undefined || event.status === 0 ? undefined : `exit ${String(event.status)}`);
  const parts = [
    paint("dim", formatTime(event.at)),
    paint("dim", event.run.slice(-8)),
    ...(place === undefined ? [] : [place]),
    `${paint(color, sign)} ${highlight(shorten(escapeControls(event.line)), query, paint)}`,
    ...(ended === undefined ? [] : [paint("dim", ended)]),
    ...(event.decision === "refused" && event.reason !== ""
      ? [paint("red", highlight(escapeControls(event.reason), query, paint))]
      : []),
  ];
  return parts.join("  ");
}

const LINE_CHARACTERS = 160;

function shorten(text: string): string {
  return text.length <= LINE_CHARACTERS ? text : `${text.slice(0, LINE_CHARACTERS)}…`;
}

/** The words that were searched for, where they stand as they were written. */
function highlight(text: string, { terms, texts }: Query, paint: Paint): string {
  const words = [...terms, ...texts]
    .filter(({ not }) => !not)
    .map((term) => term.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (words.length === 0) return text;
  return text.replace(new RegExp(words.join("|"), "giu"), (word) => paint(["bold", "underline"], word));
}

function hintFor(found: readonly Found[], paint: Paint): string {
  const [first] = found;
  const run = first?.run.slice(-8) ?? "RUN";
  const whole = `a whole run: bailiwick runs show ${run}`;
  const picture =
    first?.into === undefined ? "" : `; as it was seen: bailiwick replay ${run} --at ${clockText(first.into)}`;
  return paint("dim", `\n${found.length === 1 ? "1 match" : `${String(found.length)} matches`}; ${whole}${picture}\n`);
}
