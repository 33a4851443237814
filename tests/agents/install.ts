/** Installs packages that only these tests need, at exact versions, once: outside the repository, as they are large. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const agents = {
  name: "bailiwick-test-agents",
  private: true,
  dependencies: {
    "@anthropic-ai/claude-code": "2.1.330",
    "@google/gemini-cli": "0.61.0",
    "@openai/codex": "0.169.0",
    "opencode-ai": "1.18.33",
  },
  // Their scripts put the platform's program into place; the optional packages of Gemini CLI do without theirs.
  allowScripts: { "@anthropic-ai/claude-code": true, "opencode-ai": true },
};

/** Resolves with the folder that holds `claude`, `codex`, `gemini` and `opencode`. About 1.2 GB. */
export async function installAgents(): Promise<string> {
  return join(await install(agents), ".bin");
}

/** Resolves with Node of this version for this machine. About 120 MB. */
export async function installNode(version: string): Promise<string> {
  const name = `node-linux-${process.arch}`;
  const modules = await install({ name: "bailiwick-test-node", private: true, dependencies: { [name]: version } });
  return join(modules, name, "bin/node");
}

/** Resolves with the `node_modules` of this manifest. */
async function install(manifest: object): Promise<string> {
  const text = JSON.stringify(manifest, undefined, 2);
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "bailiwick-test-agents");
  const folder = join(cache, createHash("sha256").update(text).digest("hex").slice(0, 12));
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const partial = mkdtempSync(join(cache, "partial-"));
    try {
      writeFileSync(join(partial, "package.json"), text);
      await promisify(execFile)("npm", ["install", "--no-audit", "--no-fund", "--no-progress"], { cwd: partial });
      renameSync(partial, folder);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      throw error;
    }
  }
  return join(folder, "node_modules");
}
