/** Runs an agent, driven by a scripted model on the host's loopback, under the shipped command. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { ofType, runGoverned } from "./governed.ts";
import type { Governed, Place } from "./governed.ts";
import { makeAuthority } from "./https-server.ts";
import type { Script } from "./scripted-model/script.ts";
import { startScriptedModel } from "./scripted-model/server.ts";
import type { RecordedRequest } from "./scripted-model/server.ts";

export interface ScriptedAgent {
  readonly argv: readonly string[];
  /** Added to the front of PATH. */
  readonly folders: readonly string[];
  readonly read?: readonly string[];
  /** The agent's settings: files of the person's home, seeded into the run's. */
  readonly home?: (origin: string) => Readonly<Record<string, string>>;
  readonly environment: (origin: string) => Readonly<Record<string, string>>;
  /** How its key is sent, for runs in which it never holds it. */
  readonly key?: AgentKey;
}

export interface AgentKey {
  /** That the agent takes it from. */
  readonly variable: string;
  /** `kind = …` and what belongs to it, TOML. */
  readonly form: string;
}

export interface ScriptedOptions {
  /** Cedar text added to the standard set. */
  readonly policy?: string;
  /** The model speaks TLS, its connections are looked into, and the key is the gateway's to add. */
  readonly brokered?: boolean;
  readonly compressed?: boolean;
  /** TOML, after the rest of the profile. */
  readonly more?: string;
  /** Of `bailiwick run`. */
  readonly options?: readonly string[];
}

/** What the model is to get, and nobody inside. */
export const MODEL_KEY = "sk-the-real-key-of-the-model-0123456789";

export interface ScriptedRun extends Governed {
  /** What the model was asked, without the requests beside the script. */
  readonly requests: readonly RecordedRequest[];
}

/** The only host that the run may reach. */
const HOST = "model.test";

export async function runScriptedAgent(
  place: Place,
  agent: ScriptedAgent,
  script: Script,
  options: ScriptedOptions = {},
): Promise<ScriptedRun> {
  const authority = options.brokered === true ? makeAuthority() : undefined;
  const identity = authority?.identityOf(HOST);
  const model = await startScriptedModel({
    script,
    ...(identity !== undefined && { identity }),
    compressed: options.compressed ?? false,
  });
  try {
    const origin = `http${authority === undefined ? "" : "s"}://${HOST}:${String(model.port)}`;
    const files = agent.home?.(origin) ?? {};
    for (const [name, content] of Object.entries(files)) place.write(`home/${name}`, content);
    const path = [...agent.folders, dirname(process.execPath), "/usr/local/bin:/usr/bin:/bin"].join(":");
    const { key } = agent;
    const set = Object.entries(agent.environment(origin)).filter(
      ([name]) => authority === undefined || name !== key?.variable,
    );
    const parts = { port: model.port, read: agent.read ?? [], seed: Object.keys(files), set, trust: authority?.file };
    const governed = await runGoverned(place, {
      argv: agent.argv,
      profile: `${profileText(parts)}${authority === undefined || key === undefined ? "" : credentialText(key)}${options.more ?? ""}`,
      env: { PATH: path, ...(key !== undefined && { [key.variable]: MODEL_KEY }) },
      ...(options.options !== undefined && { options: options.options }),
      ...(options.policy === undefined ? {} : { policy: options.policy }),
    });
    return { ...governed, requests: model.requests.filter((request) => request.kind !== "side") };
  } finally {
    await model.close();
    authority?.remove();
  }
}

function credentialText({ variable, form }: AgentKey): string {
  return `
[credentials.model]
hosts = ["${HOST}"]
${form}
source = { env = "${variable}" }
variable = "${variable}"
`;
}

function profileText(parts: {
  readonly port: number;
  readonly read: readonly string[];
  readonly seed: readonly string[];
  readonly set: readonly (readonly [string, string])[];
  readonly trust: string | undefined;
}): string {
  const set = parts.set.map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return `
extends = "standard"
[filesystem]
read = ${JSON.stringify(parts.read)}
[network]
allow = ["${HOST}:${String(parts.port)}"]
trust = ${JSON.stringify(parts.trust === undefined ? [] : [parts.trust])}
[network.hosts]
"${HOST}" = "127.0.0.1"
[environment]
set = { ${set.join(", ")} }
[home]
seed = ${JSON.stringify(parts.seed)}
`;
}

/** The shell's own work of every agent: three commands that run and one, between them, that a policy refuses. */
export const refusingScript: Script = {
  turns: [{ say: "I copy the file.", sh: "cp in.txt out.txt" }, { sh: "sha512sum in.txt" }, { sh: "wc -c out.txt" }],
  final: "The work is done.",
};

export const refusingPolicy = `
@id("no-checksums")
@reason("checksums are made by the release robot")
@instead("leave it to the robot")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"sha512sum");
`;

/** Asserts that {@link refusingScript} went as it should: what the model asked for is what ran, and the refusal reached it. */
export function assertRefusedAndFinished(run: ScriptedRun): void {
  const told = `${run.stdout}\n${run.stderr}\n${JSON.stringify(run.requests.map(({ path, status, kind, turn }) => ({ path, status, kind, turn })))}`;
  assert.equal(run.status, 0, told);
  assert.deepEqual(
    run.requests.map(({ kind, turn }) => [kind, turn]),
    [
      ["turn", 0],
      ["turn", 1],
      ["turn", 2],
      ["final", 3],
    ],
    told,
  );
  const root = ofType(run.events, "exec.allowed").find((event) => event.parent === 0);
  assert.ok(root, "the agent itself is in the record");
  for (const argv of [
    ["cp", "in.txt", "out.txt"],
    ["wc", "-c", "out.txt"],
  ]) {
    const ran = ofType(run.events, "exec.allowed").filter((event) => sameWords(event.argv.values, argv));
    assert.equal(ran.length, 1, `${argv.join(" ")} ran once`);
    assert.ok(isDescendant(run, ran[0]?.exec ?? 0, root.exec), `${argv.join(" ")} was started by the agent`);
    const ended = ofType(run.events, "exec.ended").find((event) => event.exec === ran[0]?.exec);
    assert.equal(ended?.status, 0);
  }
  const refusals = ofType(run.events, "exec.refused");
  const refused = refusals.filter(({ argv }) => argv.values[0] === "sha512sum");
  // What an agent starts for itself must not be in the way of anything.
  assert.deepEqual(
    refusals
      .filter((event) => !refused.includes(event))
      .map(({ argv, decision }) => `${decision.policies.join(" ")}: ${argv.values.join(" ")}`),
    [],
  );
  assert.ok(refused.length > 0, "the refusal is in the record");
  // More than one where a shell goes on through PATH after EACCES, as execvp(3) does.
  for (const { decision } of refused) assert.deepEqual(decision.policies, ["no-checksums"]);
  assert.equal(ofType(run.events, "exec.allowed").filter(({ argv }) => argv.values[0] === "sha512sum").length, 0);
  const answer = run.requests[2]?.results.at(-1) ?? "";
  assert.match(answer, /checksums are made by the release robot/, "the reason is in the next request to the model");
  assert.match(answer, /leave it to the robot/);
  for (const { host } of ofType(run.events, "connection.opened")) assert.equal(host, HOST);
}

function sameWords(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((word, index) => word === right[index]);
}

function isDescendant(run: ScriptedRun, exec: number, ancestor: number): boolean {
  const parents = new Map(ofType(run.events, "exec.allowed").map((event) => [event.exec, event.parent]));
  for (let at: number | undefined = exec; at !== undefined && at !== 0; at = parents.get(at)) {
    if (at === ancestor) return true;
  }
  return false;
}
