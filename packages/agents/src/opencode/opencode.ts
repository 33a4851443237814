import type { KnownAgent } from "../known-agent.ts";
import { shellText } from "../shell-tools.ts";

/** opencode: one native program; its model's host depends on the provider that its user chose. */
export const opencode: KnownAgent = {
  name: "opencode",
  title: "opencode",
  binaries: ["opencode"],
  packageName: "opencode-ai",
  platformPackages: [
    "opencode-linux-x64",
    "opencode-linux-x64-baseline",
    "opencode-linux-x64-musl",
    "opencode-linux-arm64",
    "opencode-linux-arm64-musl",
  ],
  hosts: [
    { name: "opencode.ai", port: 443, why: "model API of opencode Zen; other providers have their own", need: "model" },
  ],
  environment: {
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    // The list of models that came with the program is used.
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    // The project's own .opencode is read-only in a run, and the agent ends when it can't write a .gitignore into it.
    OPENCODE_DISABLE_PROJECT_CONFIG: "1",
    // Language servers are programs from hosts that no profile needs.
    OPENCODE_DISABLE_LSP_DOWNLOAD: "1",
  },
  credentials: ["OPENCODE_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY"],
  // Not opencode.json: it may hold keys, of providers and of servers.
  seed: [".config/opencode/AGENTS.md"],
  autonomy: ["--auto"],
  headless: (prompt) => ["opencode", "run", "--auto", "--", prompt],
  interpreter: undefined,
  unwrap: shellText,
};
