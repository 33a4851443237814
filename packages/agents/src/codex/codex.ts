import type { KnownAgent } from "../known-agent.ts";

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
  interpreter: "node",
};
