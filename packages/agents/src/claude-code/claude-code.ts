import type { KnownAgent } from "../known-agent.ts";
import { between, shellText, unquoted } from "../shell-tools.ts";

/** `source SNAPSHOT … && eval 'COMMAND' < /dev/null && pwd -P >| FILE`. */
function unwrap(argv: readonly string[]): string | undefined {
  const text = shellText(argv);
  if (text?.startsWith("source ") !== true) return undefined;
  const word = between(text, " && eval ", " < /dev/null && pwd -P >| ");
  return word === undefined ? undefined : unquoted(word);
}

/** Claude Code: one native program, from npm or from the vendor's own installer. */
export const claudeCode: KnownAgent = {
  name: "claude-code",
  title: "Claude Code",
  binaries: ["claude"],
  packageName: "@anthropic-ai/claude-code",
  platformPackages: ["@anthropic-ai/claude-code-linux-x64", "@anthropic-ai/claude-code-linux-arm64"],
  hosts: [
    { name: "api.anthropic.com", port: 443, why: "model API", need: "model" },
    { name: "claude.ai", port: 443, why: "sign in with a Claude account", need: "login" },
    { name: "platform.claude.com", port: 443, why: "sign in with a Console account", need: "login" },
  ],
  environment: {
    // Without it the agent refuses to skip its own questions when its user id is 0, as it is inside a run by root.
    IS_SANDBOX: "1",
    // Updates, telemetry, error reports and surveys: hosts that no profile needs.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
  },
  credentials: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"],
  // Not settings.json and .claude.json: both may hold keys, of hooks' and servers' environments.
  seed: [".claude/CLAUDE.md"],
  autonomy: ["--dangerously-skip-permissions"],
  headless: (prompt) => ["claude", "-p", prompt, "--dangerously-skip-permissions"],
  interpreter: undefined,
  unwrap,
};
