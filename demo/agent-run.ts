/** The small agent, under the shipped command, with a model that plays a script on this machine's loopback. */
import { dirname, join } from "node:path";
import { startCommand, type Ongoing } from "../tests/support/ongoing.ts";
import type { Place } from "../tests/support/governed.ts";
import type { Script } from "../tests/support/scripted-model/script.ts";
import { startScriptedModel, type RecordedRequest } from "../tests/support/scripted-model/server.ts";
import type { World } from "./world.ts";

const agentFolder = join(import.meta.dirname, "../tests/support/small-agent");

/** The profile by which the agent reaches its model and the project's remote. */
export function profileText(world: World, port: number): string {
  return `
extends = "standard"
[filesystem]
read = [${JSON.stringify(agentFolder)}]
write = ["{workspace}", ${JSON.stringify(world.remote)}]
[network]
allow = ["model.test:${String(port)}"]
[network.hosts]
"model.test" = "127.0.0.1"
[environment]
set = { ANTHROPIC_BASE_URL = "http://model.test:${String(port)}", ANTHROPIC_API_KEY = "sk-scripted" }
[home]
seed = [".gitconfig"]
`;
}

export function agentCommand(task: string): readonly string[] {
  return ["node", join(agentFolder, "small-agent.ts"), task];
}

export interface AgentRun extends Ongoing {
  readonly requests: readonly RecordedRequest[];
  /** After the run's end. */
  close(): Promise<void>;
}

/** @param policy Cedar, added to the standard set */
export async function startAgentRun(
  world: World,
  place: Place,
  { name, script, policy }: { readonly name: string; readonly script: Script; readonly policy: string },
): Promise<AgentRun> {
  const model = await startScriptedModel({ script });
  const profile = place.write(`${name}.toml`, profileText(world, model.port));
  const policies = ["--policy", place.write(`${name}.cedar`, policy)];
  const options = ["--profile", profile, "--workspace", world.project, "--name", name, ...policies];
  const run = startCommand(place, ["run", ...options, "--", ...agentCommand("Work on the thermometer.")], {
    // This Node before others: the agent is TypeScript.
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  });
  return { ...run, requests: model.requests, close: () => model.close() };
}
