import { isLabel, keyOfLabel, MOST_LABELS } from "@bailiwick/base";
import type { RunBudgets } from "@bailiwick/sandbox";
import { CliError } from "../errors.ts";
import { readDuration } from "../server/duration.ts";

/** The options of `bailiwick run`: the one table that parsing, help and completion read. */
export const RUN_OPTIONS = {
  profile: {
    value: "NAME|FILE",
    many: false,
    help: "what the kernel lets the run reach (default: the project's, else `standard`)",
  },
  policy: { value: "FILE|DIR", many: true, help: "Cedar policies beside the standard ones; may be given again" },
  workspace: { value: "DIR", many: false, help: "the directory that the command may write to (default: here)" },
  approvals: {
    value: "terminal|deny",
    many: false,
    help: "who answers questions (default: the terminal, where there is one, and people at the server, where the host is enrolled)",
  },
  home: {
    value: "kept|ephemeral",
    many: false,
    help: "the private home: kept per profile and agent, or empty and thrown away",
  },
  env: { value: "NAME[=VALUE]", many: true, help: "pass an environment variable, or set one; may be given again" },
  "allow-host": { value: "NAME:PORT", many: true, help: "let the run reach a host as well; may be given again" },
  budget: {
    value: "NAME=AMOUNT",
    many: true,
    help: "what it may use up, where the profile does not say less: tokens=N, money=N, wall=TIME; may be given again",
  },
  publish: { value: "PORT", many: true, help: "reach a server inside at 127.0.0.1:PORT; may be given again" },
  name: { value: "TEXT", many: false, help: "a name for the run, for people" },
  label: {
    value: "KEY=VALUE",
    many: true,
    help: "says something of the run, to find it by, to policies and for rights at the server; may be given again",
  },
  json: { value: undefined, many: false, help: "write events and the summary to stderr as JSON, one object a line" },
  quiet: { value: undefined, many: false, help: "no summary; questions and errors still show" },
} as const satisfies Record<string, { value: string | undefined; many: boolean; help: string }>;

export type RunOptionName = keyof typeof RUN_OPTIONS;

export interface RunArguments {
  readonly options: ReadonlyMap<RunOptionName, readonly string[]>;
  readonly command: readonly string[];
  readonly help: boolean;
}

/**
 * Splits the words behind `run`. Options end at `--` or at the first word that is none, so that the command's own are never
 * taken for Bailiwick's.
 * @throws CliError CLI_USAGE
 */
export function parseRunArguments(words: readonly string[]): RunArguments {
  const options = new Map<RunOptionName, string[]>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "--") return { options, command: words.slice(index + 1), help: false };
    if (word === "-h" || word === "--help") return { options, command: [], help: true };
    if (!word.startsWith("-") || word === "-") return { options, command: words.slice(index), help: false };
    const [name, given] = splitOption(word);
    const option = RUN_OPTIONS[name];
    if (option.value === undefined && given !== undefined) throw usage(`\`--${name}\` takes no value`);
    const value = option.value === undefined ? "" : (given ?? words[++index]);
    if (value === undefined) throw usage(`\`--${name}\` needs a value: ${String(option.value)}`);
    const before = options.get(name);
    if (before === undefined) options.set(name, [value]);
    else if (option.many) before.push(value);
    else throw usage(`\`--${name}\` was given twice`);
  }
  return { options, command: [], help: false };
}

function splitOption(word: string): [RunOptionName, string | undefined] {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  if (word.startsWith("--") && isOption(name)) return [name, equals < 0 ? undefined : word.slice(equals + 1)];
  throw usage(`there is no option \`${equals < 0 ? word : word.slice(0, equals)}\``);
}

function isOption(name: string): name is RunOptionName {
  return Object.hasOwn(RUN_OPTIONS, name);
}

/** @param verb whose help says more */
export function usage(message: string, verb = "run"): CliError {
  return new CliError("CLI_USAGE", message, { remedy: `see \`bailiwick ${verb} --help\`` });
}

/** @returns in the order of their keys @param verb whose help says more @throws CliError CLI_USAGE */
export function parseLabels(texts: readonly string[], verb = "run"): string[] {
  const labels = new Map<string, string>();
  for (const text of texts) {
    if (!isLabel(text)) {
      throw usage(
        `\`--label\` needs KEY=VALUE, not \`${text}\`: the key of a-z, 0-9, \`.\` and \`-\` (at most 63, a letter first), the value 1 to 128 characters`,
        verb,
      );
    }
    const key = keyOfLabel(text);
    if (labels.has(key)) throw usage(`the label \`${key}\` was given twice`, verb);
    labels.set(key, text);
  }
  if (labels.size > MOST_LABELS) throw usage(`a run has at most ${String(MOST_LABELS)} labels`, verb);
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, label]) => label);
}

const WALL = { least: 1, most: 30 * 86_400, said: "1s to 30d" };

/** @returns undefined when none is given @throws CliError CLI_USAGE */
export function parseBudgets(texts: readonly string[]): RunBudgets | undefined {
  const budgets: { -readonly [K in keyof RunBudgets]: number } = {};
  for (const text of texts) {
    const [, name, amount = ""] = /^(tokens|money|wall)=(.+)$/.exec(text) ?? [];
    const value = name === "wall" ? readDuration(amount, WALL) * 1000 : Number(amount);
    const fits = name === "tokens" ? Number.isSafeInteger(value) : Number.isFinite(value);
    if ((name !== "tokens" && name !== "money" && name !== "wall") || !fits || value <= 0) {
      throw usage(`\`--budget\` needs tokens=NUMBER, money=NUMBER or wall=TIME, not \`${text}\``);
    }
    if (budgets[name] !== undefined) throw usage(`the budget \`${name}\` was given twice`);
    budgets[name] = value;
  }
  return texts.length === 0 ? undefined : budgets;
}
