/**
 * Shell text as the execs it would roughly lead to, for measuring policies on lists of commands. Crude on purpose: nothing
 * here decides anything. Built-ins and keywords are dropped, `~` and `$HOME` are a home directory, wrappers also give what
 * they wrap (the kernel would show it as an exec of its own), `sh -c` texts are read in turn.
 */
import { forEachChild, parse, type SyntaxNode } from "unbash";

const HOME = "/home/dev";
const BUILTINS = new Set(
  (
    "echo printf cd pwd export set unset source . eval read test [ [[ true false : exit return local declare typeset alias unalias trap " +
    "wait jobs fg bg history shift let type command builtin exec hash ulimit umask shopt getopts break continue dirs pushd popd readonly"
  ).split(" "),
);
const SHELLS = new Set(["sh", "bash", "zsh", "dash", "ksh"]);

export function execsOf(text: string, depth = 0): readonly (readonly string[])[] {
  const found: (readonly string[])[] = [];
  if (depth > 5) return found;
  const visit = (node: SyntaxNode): void => {
    if (node.type === "Command") {
      const name = node.name?.value ?? "";
      const argv = [name, ...node.args.map((word) => (word.type === "Word" ? word.value : word.text))];
      found.push(...unwrap(argv.map(expand), depth));
    }
    forEachChild(node, visit);
  };
  try {
    visit(parse(text));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return found;
}

function expand(word: string): string {
  return word.replace(/^~(?=\/|$)/, HOME).replaceAll(/\$HOME\b|\$\{HOME\}/g, HOME);
}

function unwrap(argv: readonly string[], depth: number): readonly (readonly string[])[] {
  const [first = "", ...rest] = argv;
  const name = first.slice(first.lastIndexOf("/") + 1);
  if (name === "" || first.includes("$")) return [];
  const itself = BUILTINS.has(name) ? [] : [[first, ...rest]];
  if (SHELLS.has(name)) {
    const at = rest.findIndex((word) => /^-[a-z]*c$/.test(word));
    return at < 0 ? itself : [...itself, ...execsOf(rest[at + 1] ?? "", depth + 1)];
  }
  if (name === "eval") return execsOf(rest.join(" "), depth + 1);
  if (WRAPPERS.has(name)) {
    const inner = rest.findIndex((word, index) => !isWrapperArgument(name, word, rest[index - 1]));
    return inner < 0 ? itself : [...itself, ...unwrap(rest.slice(inner), depth)];
  }
  if (name === "find") {
    const at = rest.findIndex((word) => word === "-exec" || word === "-execdir");
    if (at >= 0) return [...itself, ...unwrap(rest.slice(at + 1), depth)];
  }
  return itself;
}

const WRAPPERS = new Set(
  "env sudo doas nohup nice time timeout xargs command exec builtin stdbuf setsid ionice npx watch".split(" "),
);
const VALUED = new Set(["-u", "-n", "-I", "-P", "-L", "-g", "-k", "-s"]);

function isWrapperArgument(wrapper: string, word: string, previous: string | undefined): boolean {
  if (word.startsWith("-") || /^[A-Za-z_][A-Za-z0-9_]*=/.test(word)) return true;
  if (previous !== undefined && VALUED.has(previous) && previous.startsWith("-")) return true;
  return (wrapper === "timeout" || wrapper === "nice") && /^[0-9.]+[smhd]?$/.test(word);
}
