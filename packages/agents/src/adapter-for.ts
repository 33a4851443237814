import type { Adapter } from "./adapter.ts";
import { claudeCode } from "./claude-code/claude-code.ts";
import { codex } from "./codex/codex.ts";
import { geminiCli } from "./gemini-cli/gemini-cli.ts";
import { adapterOf, isInPackageOf, type KnownAgent } from "./known-agent.ts";
import { commandsOf, shellText } from "./shell-tools.ts";
import { outermostPackage } from "./npm-package.ts";
import { opencode } from "./opencode/opencode.ts";

const KNOWN: readonly KnownAgent[] = [claudeCode, codex, geminiCli, opencode];

/** Every agent that is known, by name. */
export const adapters: readonly Adapter[] = KNOWN.map(adapterOf);

/**
 * The adapter of a command line: of the agent whose npm package the program's file is in, or the script given to Node or Bun is;
 * else of the agent whose program is called so; else one that knows nothing. It is a convenience, not an authentication: the
 * person who starts a run says what runs, and every program of it is decided and recorded by what it is.
 * @param argv the command, `argv[0]` as the person wrote it
 * @param realPath the file of `argv[0]`, absolute, symbolic links resolved
 */
export function adapterFor(argv: readonly string[], realPath: string): Adapter {
  const script = INTERPRETERS.has(lastComponent(realPath))
    ? argv.slice(1).find((word) => !word.startsWith("-"))
    : undefined;
  const paths = [realPath, ...(script === undefined ? [] : [script])];
  const names = new Set([argv[0] ?? "", ...paths].map(lastComponent));
  const known =
    KNOWN.find((agent) => paths.some((path) => isInPackageOf(agent, path))) ??
    KNOWN.find((agent) => agent.binaries.some((binary) => names.has(binary)));
  return known === undefined ? unknownProgram(realPath) : adapterOf(known);
}

const INTERPRETERS: ReadonlySet<string> = new Set(["node", "nodejs", "bun"]);

function unknownProgram(realPath: string): Adapter {
  const name = agentName(lastComponent(realPath));
  return {
    name,
    title: name,
    hosts: [],
    environment: {},
    credentials: [],
    seed: [],
    autonomy: [],
    headless: undefined,
    interpreter: undefined,
    commandsOf: (_tool, input) => commandsOf(input),
    unwrap: shellText,
    installation: (path) => [outermostPackage(path) ?? path],
  };
}

/** Safe as one component of a path and in a policy: a file may be called anything. */
function agentName(file: string): string {
  const name = file
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .replace(/^\.+/, "")
    .slice(0, 64);
  return name === "" ? "program" : name;
}

function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
