import { CliError } from "../errors.ts";

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
    help: "who answers questions (default: the terminal, where there is one)",
  },
  home: {
    value: "kept|ephemeral",
    many: false,
    help: "the private home: kept per profile and agent, or empty and thrown away",
  },
  env: { value: "NAME[=VALUE]", many: true, help: "pass an environment variable, or set one; may be given again" },
  "allow-host": { value: "NAME:PORT", many: true, help: "let the run reach a host as well; may be given again" },
  publish: { value: "PORT", many: true, help: "reach a server inside at 127.0.0.1:PORT; may be given again" },
  name: { value: "TEXT", many: false, help: "a name for the run, for people" },
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

export function usage(message: string): CliError {
  return new CliError("CLI_USAGE", message, { remedy: "see `bailiwick run --help`" });
}
