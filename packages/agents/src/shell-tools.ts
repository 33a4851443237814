/**
 * How agents run commands that a model wrote: the texts in the call of a tool, and the text within the shell that was started for it. Both are
 * compared word for word, so that a process is never put down to a call that did not ask for it.
 */

/** Tools take the text under one of these names. */
const MEMBERS = ["command", "cmd", "script"] as const;

/**
 * The command texts that a call of a tool may run.
 * @param input JSON as the model wrote it, or the text of a tool that takes text
 */
export function commandsOf(input: string): readonly string[] {
  const value = parsed(input);
  // A tool that takes a program as text: what it runs stands in there as a literal, if at all.
  if (typeof value !== "object" || value === null) return literalsOf(input);
  return MEMBERS.flatMap((name) => commandsIn(Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined));
}

function parsed(input: string): unknown {
  try {
    return JSON.parse(input) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A text, or arguments. */
function commandsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (!Array.isArray(value)) return [];
  const argv = value.filter((word) => typeof word === "string");
  const inner = shellText(argv);
  return inner === undefined ? [argv.join(" ")] : [inner];
}

/** JavaScript's string literals in double quotes, which are JSON's but for rare escapes. */
function literalsOf(program: string): readonly string[] {
  const found = program.match(/"(?:[^"\\\n]|\\.)*"/g) ?? [];
  return found.map(parsed).filter((text): text is string => typeof text === "string" && text !== "");
}

const SHELLS: ReadonlySet<string> = new Set(["sh", "bash", "dash", "zsh", "ash"]);

/** The text of `bash -c TEXT`, with whatever options come before it; undefined when it is no such command line. */
export function shellText(argv: readonly string[]): string | undefined {
  const [shell = "", ...rest] = argv;
  if (!SHELLS.has(shell.slice(shell.lastIndexOf("/") + 1))) return undefined;
  const options = rest.findIndex((word) => !word.startsWith("-"));
  const isText = rest.slice(0, options).some((word) => /^-[a-z]*c[a-z]*$/.test(word));
  return options > 0 && isText && options === rest.length - 1 ? rest[options] : undefined;
}

/** Undoes the shell's own quoting of one word that is in single quotes, each `'` in it as `'\''` or `'"'"'`. */
export function unquoted(word: string): string | undefined {
  const parts = /^(?:'([^']*)'|\\'|"'")+$/.test(word) ? word.match(/'[^']*'|\\'|"'"/g) : null;
  if (parts === null) return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : undefined;
  return parts.map((part) => (part === "\\'" || part === `"'"` ? "'" : part.slice(1, -1))).join("");
}

/** What stands between the first `before` and the last `after`; by searching, since a program inside may have written the text for patterns to choke on. */
export function between(text: string, before: string, after: string): string | undefined {
  const start = text.indexOf(before);
  const end = text.lastIndexOf(after);
  return start < 0 || end < start + before.length ? undefined : text.slice(start + before.length, end);
}
