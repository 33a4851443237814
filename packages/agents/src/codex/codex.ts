import type { KnownAgent } from "../known-agent.ts";
import { shellText, unquoted } from "../shell-tools.ts";

/** A preamble that puts the environment together, and then `exec 'SHELL' -c 'COMMAND'`. */
const PREAMBLE_MARK = "__CODEX_SNAPSHOT_";
/** It starts itself first, for each shell: `/proc/self/exe --codex-run-as-process-setup FD PARENT … DIRECTORY PROGRAM ARGV`. */
const SETUP = "--codex-run-as-process-setup";

function unwrap(argv: readonly string[]): string | undefined {
  const text = shellText(argv[1] === SETUP ? argv.slice(8) : argv);
  if (text?.startsWith(PREAMBLE_MARK) !== true) return text;
  const last = text.slice(text.indexOf("\nexec '"));
  const start = last.indexOf(" -c '");
  return start < 0 ? undefined : unquoted(last.slice(start + " -c ".length));
}

/** Codex CLI: from npm a Node script that starts the native program of a platform's package. */
export const codex: KnownAgent = {
  name: "codex",
  title: "Codex CLI",
  binaries: ["codex"],
  packageName: "@openai/codex",
  platformPackages: ["@openai/codex-linux-x64", "@openai/codex-linux-arm64"],
  hosts: [
    { name: "api.openai.com", port: 443, why: "model API, with an API key", need: "model" },
    { name: "chatgpt.com", port: 443, why: "model API, signed in with ChatGPT", need: "model" },
    { name: "auth.openai.com", port: 443, why: "sign in with ChatGPT", need: "login" },
  ],
  // Its updater, analytics and plugin catalogue are settings of config.toml, not variables.
  environment: {},
  credentials: ["OPENAI_API_KEY", "CODEX_API_KEY"],
  // Not config.toml: it may hold keys, of providers and of servers.
  seed: [".codex/AGENTS.md"],
  // Its own sandbox needs user namespaces, which a run forbids.
  autonomy: ["--dangerously-bypass-approvals-and-sandbox"],
  headless: (prompt) => [
    "codex",
    "exec",
    "--skip-git-repo-check",
    "--dangerously-bypass-approvals-and-sandbox",
    "--",
    prompt,
  ],
  interpreter: "node",
  unwrap,
};
