import type { KnownAgent } from "../known-agent.ts";

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
  interpreter: "node",
};
