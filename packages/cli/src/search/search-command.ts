import { join } from "node:path";
import { escapeControls } from "@bailiwick/base";
import { locateStateDirectory } from "@bailiwick/run";
import { parseQuery, SearchIndex, type Found, type FoundRun, type Query } from "@bailiwick/search";
import { count, formatTime, paintFor, type Paint } from "../format.ts";
import { Output } from "../output.ts";
import { usage } from "../run/options.ts";
import { runLine } from "../runs/list.ts";
import { knownRuns } from "../runs/select.ts";

export interface SearchCommandOptions {
  readonly limit: string;
  readonly runs?: true;
  readonly rebuild?: true;
  readonly json?: true;
}

/** 0: something was found. 1: nothing was. */
export async function searchCommand(words: readonly string[], options: SearchCommandOptions): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) throw usage(`\`--limit\` is not a number from 1 on: \`${options.limit}\``);
  const query = parseQuery(words.join(" "), Date.now());
  const state = locateStateDirectory(process.env);
  const index = await SearchIndex.open({
    log: state.log,
    index: join(state.root, "search.sqlite"),
    rebuild: options.rebuild === true,
    onProgress: showProgress,
  });
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

/** On a terminal only, and gone when it is done. */
function showProgress(done: number, of: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(
    `\r\u001b[Kreading the record: ${done.toLocaleString("en")} of ${of.toLocaleString("en")} events`,
  );
  if (done + 20_000 > of) process.stderr.write("\r\u001b[K");
}

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

function eventLine(event: Found, query: Query, paint: Paint): string {
  const [color, sign] = event.decision === undefined ? (["dim", "·"] as const) : SIGNS[event.decision];
  const ended =
    event.signal ?? (event.status === undefined || event.status === 0 ? undefined : `exit ${String(event.status)}`);
  const parts = [
    paint("dim", formatTime(event.at)),
    paint("dim", event.run.slice(-8)),
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
function highlight(text: string, { terms }: Query, paint: Paint): string {
  const words = terms.filter(({ not }) => !not).map((term) => term.text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (words.length === 0) return text;
  return text.replace(new RegExp(words.join("|"), "giu"), (word) => paint(["bold", "underline"], word));
}

function hintFor(found: readonly Found[], paint: Paint): string {
  return paint(
    "dim",
    `\n${count(found.length, "event")}; a whole run: bailiwick runs show ${found[0]?.run.slice(-8) ?? "RUN"}\n`,
  );
}
