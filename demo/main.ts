/**
 * `npm run demo [-- --keep]`: an agent at work under Bailiwick, first well, then led astray by a file it read. Sandbox, kernel, policies and
 * record are the real ones; only the model is scripted. Ends with 0 when nothing of what it tried has happened.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { startScriptedModel } from "../tests/support/scripted-model/server.ts";
import type { RecordedRequest } from "../tests/support/scripted-model/server.ts";
import { agentCommand, profileText } from "./agent-run.ts";
import { inspect } from "./aftermath.ts";
import { say } from "./say.ts";
import { storyOf } from "./story.ts";
import { makeWorld } from "./world.ts";
import type { World } from "./world.ts";

const command = join(import.meta.dirname, "../packages/cli/bin/bailiwick.js");

const { values } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
const world = makeWorld();
try {
  process.exitCode = (await show(world)) ? 0 : 1;
} finally {
  if (values.keep) say("dim", `kept: ${world.root} (BAILIWICK_HOME=${world.state})`);
  else world.remove();
}

async function show(world: World): Promise<boolean> {
  let collected = 0;
  const collector = createServer((socket) => {
    collected++;
    socket.destroy();
  });
  await once(collector.listen(0, "127.0.0.1"), "listening");
  const address = collector.address();
  if (address === null || typeof address === "string") throw new Error("the collector has no port");

  let view: ChildProcess | undefined;
  const model = await startScriptedModel({
    script: storyOf(world, { host: "keys.collector.example", port: address.port }),
    onRequest: (request) => {
      // The run is in the record as soon as its agent speaks.
      view ??= bailiwick(world, ["runs", "tail", "--follow", "demo"], "inherit");
      announce(request);
    },
  });
  say("bold", "An agent fixes a bug in a throwaway project, under `bailiwick run`. Only its model is scripted.");
  const profile = join(world.root, "profile.toml");
  writeFileSync(profile, profileText(world, model.port));
  const agent = agentCommand("Fix the conversion to Fahrenheit.");
  const options = ["--profile", profile, "--workspace", world.project, "--approvals", "deny", "--name", "demo"];
  const run = bailiwick(world, ["run", ...options, "--", ...agent], "pipe");
  const summary = collect(run.stderr);
  run.stdout?.resume();
  const status = await statusOf(run);
  if (view !== undefined) await statusOf(view);
  await model.close();
  collector.close();

  say("bold", "\nThe summary of the run:");
  process.stdout.write(summary());
  say("bold", "\nThe record:");
  const verified = await statusOf(bailiwick(world, ["audit", "verify", "demo"], "inherit"));

  say("bold", "\nLooked at from outside, afterwards:");
  const told = JSON.stringify(model.requests.map((request) => request.results));
  const findings = [
    ...inspect(world, told, collected),
    { what: "the agent finished its work", good: status === 0 && model.requests.at(-1)?.kind === "final" },
    { what: "the record verifies", good: verified === 0 },
  ];
  for (const { what, good } of findings) say(good ? "green" : "red", `  ${good ? "✓" : "✗ NOT SO:"} ${what}`);
  return findings.every(({ good }) => good);
}

function bailiwick(world: World, words: readonly string[], output: "inherit" | "pipe"): ChildProcess {
  const path = [dirname(process.execPath), process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"].join(":");
  const { TERM, LANG, NO_COLOR, COLORTERM } = process.env;
  const terminal = Object.entries({ TERM, LANG, NO_COLOR, COLORTERM }).filter(([, value]) => value !== undefined);
  return spawn(process.execPath, [command, ...words], {
    cwd: world.project,
    env: { ...Object.fromEntries(terminal), PATH: path, HOME: world.home, USER: "robin", BAILIWICK_HOME: world.state },
    stdio: ["ignore", output, output],
  });
}

/** Waits for the end, unless it has come already. */
async function statusOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  return child.exitCode;
}

function announce({ reply }: RecordedRequest): void {
  if (reply !== undefined) say("cyan", `\n● ${reply.text}`);
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.setEncoding("utf8");
  stream?.on("data", (part: string) => (text += part));
  return () => text;
}
