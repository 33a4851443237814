import { join } from "node:path";
import type { ScriptedAgent } from "./scripted-run.ts";

const folder = join(import.meta.dirname, "small-agent");

/** The project's own agent, as {@link runScriptedAgent} starts it. */
export const smallAgent: ScriptedAgent = {
  argv: ["node", join(folder, "small-agent.ts"), "Please do the work."],
  folders: [],
  read: [folder],
  environment: (origin) => ({ ANTHROPIC_BASE_URL: origin, ANTHROPIC_API_KEY: "sk-scripted" }),
  key: { variable: "ANTHROPIC_API_KEY", form: 'kind = "header"\nheader = "x-api-key"' },
};
