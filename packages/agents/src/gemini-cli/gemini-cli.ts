import type { KnownAgent } from "../known-agent.ts";
import { between, shellText } from "../shell-tools.ts";

/** A subshell that notes what it leaves running: its first two lines, then the command, then the subshell's end. */
function unwrap(argv: readonly string[]): string | undefined {
  const text = shellText(argv);
  if (text?.startsWith("shopt -u ") !== true) return undefined;
  return between(text, `"$_bgpids_file"' EXIT\n`, "\n)\n__code=$?\nexit $__code");
}

/** Gemini CLI: a Node script. */
export const geminiCli: KnownAgent = {
  name: "gemini-cli",
  title: "Gemini CLI",
  binaries: ["gemini"],
  packageName: "@google/gemini-cli",
  platformPackages: [],
  hosts: [
    { name: "generativelanguage.googleapis.com", port: 443, why: "model API, with an API key", need: "model" },
    { name: "cloudcode-pa.googleapis.com", port: 443, why: "model API, signed in with Google", need: "model" },
    { name: "oauth2.googleapis.com", port: 443, why: "sign in with Google", need: "login" },
    { name: "accounts.google.com", port: 443, why: "sign in with Google", need: "login" },
  ],
  // Says that it is inside a sandbox already: it then starts none of its own.
  environment: { SANDBOX: "bailiwick" },
  credentials: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  // Not settings.json: it may hold keys, of servers' environments.
  seed: [".gemini/GEMINI.md"],
  autonomy: ["--approval-mode", "yolo"],
  headless: (prompt) => ["gemini", "-p", prompt, "--approval-mode", "yolo"],
  interpreter: "node",
  unwrap,
};
