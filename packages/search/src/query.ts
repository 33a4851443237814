import { LABEL_OR_KEY } from "@bailiwick/base";
import { SearchError } from "./errors.ts";
import { parseMoment } from "./moment.ts";

/** Filters by their names in a query, and what each finds. */
export const FIELDS = {
  host: "hosts that were reached or refused; `*.example.com`",
  file: "files that were executed or changed: a path, its end, or a pattern with `*`",
  program: "programs by name or path",
  user: "who started the run",
  agent: "the agent of the run",
  project: "the workspace of the run, or its last part",
  label: "labels of the run: `KEY=VALUE`, or `KEY` for any value",
  policy: "policies that decided",
  decision: "refused, asked or allowed",
  run: "a run by its id, the beginning or end of it, or its name",
  text: "what the terminals of runs showed",
  status: "exit status, `failed` for any but 0, or a signal",
  since: "2h, 3d, today, yesterday, 2026-11-24, 2026-11-24T10:00",
  until: "as since",
} as const;
export type Field = keyof typeof FIELDS;

export interface Term {
  /** A word, or a phrase of several; at least one character. */
  readonly text: string;
  /** Any word that begins so. */
  readonly prefix: boolean;
  readonly not: boolean;
}

export interface Filter {
  readonly field: Exclude<Field, "since" | "until" | "text">;
  readonly value: string;
  readonly not: boolean;
}

export interface Query {
  /** Wherever they stand: in events or in what terminals showed. */
  readonly terms: readonly Term[];
  /** In what terminals showed. */
  readonly texts: readonly Term[];
  readonly filters: readonly Filter[];
  /** Milliseconds since 1970; both ends included. */
  readonly since: number | undefined;
  readonly until: number | undefined;
}

const TOKEN = /(-?)(?:([a-z]+):(?!\/\/))?(?:"((?:[^"\\]|\\.)*)"|(\S+))/gy;
const MAX_CHARACTERS = 4_096;

/**
 * Words, "phrases", `field:value` and `-` before each to exclude; all must hold.
 * @param now milliseconds since 1970: what `2h` and `today` are counted from, in the local time zone
 * @throws SearchError SEARCH_QUERY_INVALID
 */
export function parseQuery(text: string, now: number): Query {
  if (text.length > MAX_CHARACTERS) throw invalid("the query is too long", "search for fewer words");
  const terms: Term[] = [];
  const texts: Term[] = [];
  const filters: Filter[] = [];
  const times: { since?: number; until?: number } = {};
  for (const [not, name, value, quoted] of tokensOf(text)) {
    if (name === undefined) terms.push(termOf(value, not, quoted));
    else if (!isField(name)) throw unknownField(name);
    else if (value === "") throw invalid(`\`${name}:\` has no value`, `${name}: ${FIELDS[name]}`);
    else if (name === "text") texts.push(termOf(value, not, quoted));
    else if (name === "since" || name === "until") times[name] = timeOf(name, value, now);
    else filters.push(filterOf(name, value, not));
  }
  return { terms, texts, filters, since: times.since, until: times.until };
}

type Token = readonly [not: boolean, field: string | undefined, value: string, quoted: boolean];

function* tokensOf(text: string): Generator<Token> {
  const rest = text.trim();
  TOKEN.lastIndex = 0;
  for (let at = 0; at < rest.length;) {
    TOKEN.lastIndex = at;
    const [whole = "", minus, field, quoted, bare] = TOKEN.exec(rest) ?? [];
    if (bare?.startsWith('"') === true) throw invalid("a quotation mark is never closed", 'write `"two words"`');
    const empty = /^([a-z]+):$/.exec(bare ?? "")?.[1];
    yield empty !== undefined
      ? [minus === "-", empty, "", false]
      : [minus === "-", field, quoted?.replace(/\\(.)/g, "$1") ?? bare ?? "", quoted !== undefined];
    at += whole.length;
    while (/\s/.test(rest[at] ?? "")) at++;
  }
}

function termOf(value: string, not: boolean, quoted: boolean): Term {
  const prefix = !quoted && value.endsWith("*");
  const text = prefix ? value.slice(0, -1) : value;
  if (!/[\p{L}\p{N}]/u.test(text)) {
    throw invalid(`\`${value}\` has no letter or digit to search for`, "words are letters and digits; signs part them");
  }
  return { text, prefix, not };
}

function filterOf(field: Filter["field"], value: string, not: boolean): Filter {
  if (field === "decision" && !["refused", "asked", "allowed"].includes(value)) {
    throw invalid(`\`decision:${value}\` is none`, "decisions are refused, asked and allowed");
  }
  if (field === "status" && !/^(\d{1,3}|failed|SIG[A-Z0-9]+)$/.test(value)) {
    throw invalid(`\`status:${value}\` is no exit status`, `status: ${FIELDS.status}`);
  }
  if (field === "label" && !LABEL_OR_KEY.test(value)) {
    throw invalid(`\`label:${value}\` is none`, `label: ${FIELDS.label}`);
  }
  return { field, value, not };
}

function timeOf(name: "since" | "until", value: string, now: number): number {
  const moment = parseMoment(value, now);
  if (moment === undefined) throw invalid(`\`${name}:${value}\` is no time`, `${name}: ${FIELDS.since}`);
  return name === "since" ? moment.from : moment.to;
}

function isField(name: string): name is Field {
  return Object.hasOwn(FIELDS, name);
}

function unknownField(name: string): SearchError {
  return invalid(
    `there is no filter \`${name}:\``,
    `there are ${Object.keys(FIELDS).join(", ")}; to search for the text itself put it in quotation marks`,
  );
}

function invalid(message: string, remedy: string): SearchError {
  return new SearchError("SEARCH_QUERY_INVALID", message, { remedy });
}
