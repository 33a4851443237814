/**
 * `npm run serve:demo [-- --once]`: a company's server, its identity provider, three people with roles, and runs of an agent on a developer's
 * machine: one asks before it pushes, one is ended from afar. Only the model is scripted. Then more runs come, until ^C; with `--once`, or
 * without a terminal, it ends here: with 0 when all was so.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { isJsonObject } from "@bailiwick/base";
import { bailiwick, commandPath, personEnvironment, type Place } from "../tests/support/governed.ts";
import { eventually } from "../tests/support/going.ts";
import { startCommand } from "../tests/support/ongoing.ts";
import { readServerNotes } from "../tests/support/server-log.ts";
import type { Script } from "../tests/support/scripted-model/script.ts";
import { startAgentRun } from "./agent-run.ts";
import { enrolOwn, memberOf, openCompany, textOf, type Company } from "./company.ts";
import type { SignedIn } from "../tests/support/control-plane.ts";
import { say } from "./say.ts";
import { fixTurns } from "./story.ts";
import { git, makeWorld, type World } from "./world.ts";

const ASK_BEFORE_PUSHES = `@id("demo.pushes") @reason("what is pushed leaves this machine") @ask("operator")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git")
when { context.verb == "push" } unless { context.approved };`;

const FIX: Script = { turns: fixTurns(), final: "The fix is on its branch." };
const LATER: Script = {
  turns: [
    { say: "I build it once more.", sh: "sh build.sh && ./build/convert_test", delayMs: 500 },
    { say: "And push.", sh: "git push -q origin HEAD:refs/heads/nightly", delayMs: 500 },
  ],
  final: "Done.",
};
const ENDLESS: Script = {
  turns: [{ say: "I count.", sh: "i=0; while true; do i=$((i+1)); expr $i + 1 > /dev/null; sleep 1; done" }],
  final: "I have counted.",
};
/** How long one looks at something before doing something about it. */
const WATCHED_MS = 4_000;
const BETWEEN_RUNS_MS = 15_000;

const STOP = new AbortController();
const { values } = parseArgs({ options: { once: { type: "boolean", default: !process.stdout.isTTY } } });
process.once("SIGINT", () => {
  STOP.abort();
});
// The identity provider says at length that it is one for development only.
console.info = console.warn = () => undefined;
const world = makeWorld();
const robin = placeOf(world);
try {
  say("bold", "A server, an identity provider, and three people who sign in there …");
  const company = await openCompany(robin);
  try {
    process.exitCode = (await show(company)) ? 0 : 1;
    if (!values.once) await stayOpen(company);
  } finally {
    await company.close();
  }
} catch (error) {
  if (!STOP.signal.aborted) throw error;
} finally {
  world.remove();
}

interface Finding {
  readonly what: string;
  readonly good: boolean;
}

async function show({ server, people, owner }: Company): Promise<boolean> {
  await enrolOwn(robin, server);
  say("cyan", `  ${server.url}: olivia owns it; robin develops, norbert answers what runs ask, rita can end them`);
  const findings = [...(await showQuestion(people)), ...(await showEnd(people))];
  say("bold", "\nWhat the server's log says of it:");
  const notes = await notesOf(owner);
  for (const line of notes.slice(-6)) say("dim", `  ${line}`);
  findings.push(
    { what: "who answered is in the server's log", good: notes.some((line) => line.includes("question.answered")) },
    { what: "who ended it, too", good: notes.some((line) => line.includes("killRun")) },
  );
  say("bold", "\nLooked at afterwards:");
  for (const { what, good } of findings) say(good ? "green" : "red", `  ${good ? "✓" : "✗ NOT SO:"} ${what}`);
  return findings.every(({ good }) => good);
}

/** The agent pushes a branch, which a policy wants asked; norbert answers at the server, for a process that waits in the kernel. */
async function showQuestion({ norbert, rita }: Company["people"]): Promise<readonly Finding[]> {
  say("bold", "\nAn agent fixes a bug on robin's machine; its policies ask before it pushes.");
  const run = await startAgentRun(world, robin, { name: "fix", script: FIX, policy: ASK_BEFORE_PUSHES });
  const inbox = startCommand(norbert, ["approvals", "list", "--follow", "--json"]);
  const view = await watch(rita, "fix");
  const [first = ""] = (await inbox.until(/\n/)).split("\n");
  const asked = memberOf(first, "id");
  say("yellow", "\nnorbert is asked:");
  process.stdout.write(await textOf(norbert, "approvals", "show", asked));
  const waited = git(world, world.remote, "branch", "--list", "fix-offset") === "";
  await textOf(norbert, "approvals", "allow", asked, "--why", "reviewed");
  say("green", "norbert: yes, once");
  const status = await run.ended();
  await run.close();
  await view.ended;
  inbox.child.kill();
  return [
    { what: "nothing was pushed before the answer", good: waited },
    { what: "afterwards it was", good: git(world, world.remote, "branch", "--list", "fix-offset") !== "" },
    { what: "the agent finished its work", good: status === 0 },
    { what: "the record verifies", good: (await textOf(robin, "audit", "verify")) !== "" },
  ];
}

/** A run that does not end; rita ends it from where she is. */
async function showEnd({ norbert, rita }: Company["people"]): Promise<readonly Finding[]> {
  say("bold", "\nAnother agent goes on and on; rita watches it.");
  const run = await startAgentRun(world, robin, { name: "endless", script: ENDLESS, policy: ASK_BEFORE_PUSHES });
  const view = await watch(rita, "endless");
  await pause(WATCHED_MS);
  const kill = ["server", "kill", "--run", await idOf(rita, "endless"), "--reason", "it does not come to an end"];
  const { status: refused } = await bailiwick(norbert, kill);
  say("yellow", "\nnorbert tries to end it, which is not his to do; rita does.");
  await textOf(rita, ...kill);
  const status = await run.ended();
  await run.close();
  await view.ended;
  return [
    { what: "who may not end runs does not", good: refused !== 0 },
    { what: "who may does, and all of the run is gone", good: status === 137 },
  ];
}

/** Until somebody has seen enough: a run now and then, which asks before it pushes. */
async function stayOpen({ server, people }: Company): Promise<void> {
  say(
    "bold",
    `\nIt stays until ^C; a run begins every ${String(BETWEEN_RUNS_MS / 1_000)} s, and asks before it pushes.`,
  );
  say("bold", "The console, in a browser; sign in as robin, norbert or rita, with any password:");
  say("cyan", `  ${server.url}`);
  say("bold", "Or in another terminal, as norbert and as rita:");
  const as = (place: Place): string =>
    `HOME=${place.home} BAILIWICK_HOME=${place.state} ${process.execPath} ${commandPath}`;
  say("cyan", `  ${as(people.norbert)} approvals list --follow`);
  say("cyan", `  ${as(people.rita)} runs tail --follow --server last`);
  for (let count = 1; !STOP.signal.aborted; count++) {
    const run = await startAgentRun(world, robin, {
      name: `more-${String(count)}`,
      script: LATER,
      policy: ASK_BEFORE_PUSHES,
    });
    const end = (): void => void run.child.kill("SIGTERM");
    STOP.signal.addEventListener("abort", end);
    await run.ended();
    STOP.signal.removeEventListener("abort", end);
    await run.close();
    await pause(BETWEEN_RUNS_MS, undefined, { signal: STOP.signal });
  }
}

/** A run of another's machine on this terminal, until it ends. */
async function watch(place: Place, name: string): Promise<{ readonly ended: Promise<unknown> }> {
  await idOf(place, name);
  const { TERM, NO_COLOR, COLORTERM } = process.env;
  const colours = Object.entries({ TERM, NO_COLOR, COLORTERM }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const child = spawn(process.execPath, [commandPath, "runs", "tail", "--follow", "--server", name], {
    env: personEnvironment(place, Object.fromEntries(colours)),
    stdio: ["ignore", "inherit", "inherit"],
  });
  return { ended: once(child, "close") };
}

/** Of a run, once the server has heard of it. */
async function idOf(place: Place, name: string): Promise<string> {
  let id = "";
  await eventually(async () => {
    const { stdout } = await bailiwick(place, ["runs", "list", "--server", "--json"]);
    const found = stdout.split("\n").find((line) => memberOf(line, "name") === name);
    return (id = memberOf(found ?? "", "run")) !== "";
  }, `the server knows the run \`${name}\``);
  return id;
}

/** The server's log, in a line each, without what arrived and who looked. */
async function notesOf(owner: SignedIn): Promise<readonly string[]> {
  const notes = await readServerNotes(owner);
  return notes.flatMap(({ at, type, who, by, action, resource, scope, kind, question, answer, reason }) => {
    if (type === "record.arrived" || (typeof action === "string" && action.startsWith("view"))) return [];
    const words = [who ?? by, action ?? kind ?? answer, resource ?? scope ?? question, reason].filter(Boolean);
    return [`${new Date(Number(at)).toISOString().slice(11, 19)}  ${String(type)}  ${words.map(wordOf).join("  ")}`];
  });
}

function wordOf(value: unknown): string {
  if (!isJsonObject(value)) return String(value);
  return [value["type"], value["id"]].filter((part) => typeof part === "string").join(" ");
}

function placeOf({ root, project, home, state }: World): Place {
  return {
    root,
    workspace: project,
    home,
    state,
    write(name, content, mode = 0o644) {
      const path = join(root, name);
      writeFileSync(path, content, { mode });
      return path;
    },
    remove: () => {
      world.remove();
    },
  };
}
