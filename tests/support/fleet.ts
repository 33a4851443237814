/** A server with a pool, hosts that run its tasks, and a repository that they are about: all by the shipped command. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Client, pages, ServerError, type TaskOfServer } from "@bailiwick/control-plane/contract";
import { enrol, setUp, startServer, type RunningServer, type SignedIn } from "./control-plane.ts";
import { bailiwick, commandPath, makePlace, personEnvironment, type Place } from "./governed.ts";

export type Task = TaskOfServer;

export interface Runner {
  readonly place: Place;
  readonly process: ChildProcess;
  /** What it said, one object a line. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly ended: Promise<void>;
  until(type: string, times?: number): Promise<void>;
  /** As a power cut of the process would end it. */
  kill(): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

export interface Fleet {
  readonly server: RunningServer;
  readonly owner: SignedIn;
  readonly repository: string;
  /** A host that is enrolled and in the pool. */
  host(): Promise<Place>;
  pool(settings?: object): Promise<void>;
  /** @param prompt what the agent of these tests runs in a shell */
  submit(prompt: string, ...options: readonly string[]): Promise<string>;
  show(id: string): Promise<Task>;
  until(id: string, holds: (task: Task) => boolean, patienceMs?: number): Promise<Task>;
  /** By the API, not the command. */
  submitQuickly(prompt: string): Promise<string>;
  patchOf(id: string): Promise<string>;
  /** What the server's log says of tasks. */
  notes(): Promise<Readonly<Record<string, unknown>>[]>;
  runner(place: Place, slots?: number): Promise<Runner>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export const POOL = "builders";
const FILES = { "README.md": "# shop\n", "src/main.txt": "one\ntwo\nthree\n" };
/** Called as Claude Code is: `claude -p PROMPT …`. */
const AGENT = '#!/bin/sh\nexec sh -c "$2"\n';

export async function startFleet(database: string | undefined): Promise<Fleet> {
  const place = makePlace();
  const given = database === undefined ? {} : { database };
  let server = await startServer(place, given);
  const owner = await setUp(server);
  const repository = makeRepository(join(place.root, "git/shop"));
  const hosts: { readonly id: string; readonly place: Place }[] = [];
  const runners: Runner[] = [];
  let settings: object = {};
  const putPool = async (): Promise<void> => {
    const body = { hosts: hosts.map(({ id }) => id), repositories: [join(place.root, "git")], ...settings };
    await owner.call("putPool", { params: { pool: POOL }, body });
  };
  // Not by the command: what is looked for is gone in the time that takes.
  const session = readFileSync(join(owner.place.home, ".config/bailiwick/server.json"), "utf8");
  const client = new Client({ url: server.url, by: { token: (JSON.parse(session) as { token: string }).token } });
  const show = async (id: string): Promise<Task> => await client.call("showTask", { params: { task: id } });
  return {
    get server() {
      return server;
    },
    owner,
    repository,
    async host() {
      const made = makePlace();
      made.write("bin/claude", AGENT, 0o755);
      hosts.push({ id: await enrol(owner, server, made), place: made });
      await putPool();
      return made;
    },
    async pool(given = {}) {
      settings = given;
      await putPool();
    },
    async submit(prompt, ...options) {
      const words = ["submit", "--pool", POOL, "--agent", "claude-code", "--repo", repository, ...options, prompt];
      const { status, stdout, stderr } = await bailiwick(owner.place, words);
      if (status !== 0) throw new Error(stderr);
      return stdout.trim();
    },
    show,
    async submitQuickly(prompt) {
      const body = { agent: "claude-code", repository, prompt };
      return (await client.call("submitTask", { params: { pool: POOL }, body })).id;
    },
    async patchOf(id) {
      return Buffer.from(await client.call("taskPatch", { params: { task: id } })).toString("utf8");
    },
    async notes() {
      const notes: Readonly<Record<string, unknown>>[] = [];
      for await (const { items } of pages((after) => client.call("report", { query: { limit: 1_000, after } }))) {
        notes.push(...items.filter(({ type }) => type === "task.changed").map(({ note }) => note));
      }
      return notes;
    },
    async until(id, holds, patienceMs = 60_000) {
      for (const limit = performance.now() + patienceMs; performance.now() < limit; await pause(100)) {
        const task = await show(id).catch(unlessAway);
        if (task !== undefined && holds(task)) return task;
      }
      const said = runners.flatMap(({ events }) => events.map((event) => JSON.stringify(event)));
      throw new Error(`the task stays ${JSON.stringify(await show(id))}; runners said ${said.join(" ")}`);
    },
    async runner(where, slots = 1) {
      const runner = await startRunner(where, slots);
      runners.push(runner);
      return runner;
    },
    async restart() {
      const port = Number(new URL(server.url).port);
      await server.kill();
      server = await startServer(place, { ...given, port });
    },
    async stop() {
      for (const { process } of runners) if (process.exitCode === null) process.kill("SIGKILL");
      await Promise.all(runners.map(({ ended }) => ended));
      await server.stop();
      for (const { place: each } of hosts) each.remove();
      owner.place.remove();
      place.remove();
    },
  };
}

/** A server that is being restarted. */
function unlessAway(error: unknown): undefined {
  if (!(error instanceof ServerError) || error.code !== "SERVER_UNREACHABLE") throw error;
}

function makeRepository(directory: string): string {
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  const git = (...args: string[]): void => {
    execFileSync("git", ["-c", "user.name=Robin", "-c", "user.email=robin@example.test", ...args], { cwd: directory });
  };
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "-m", "first");
  return directory;
}

async function startRunner(place: Place, slots: number): Promise<Runner> {
  const work = join(place.root, "work");
  const words = ["runner", "--pool", POOL, "--slots", String(slots), "--work", work, "--json"];
  const env = personEnvironment(place);
  const child = spawn(process.execPath, [commandPath, ...words], {
    cwd: place.root,
    env: { ...env, PATH: `${join(place.root, "bin")}:${env["PATH"] ?? ""}` },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const events: Record<string, unknown>[] = [];
  let wake = (): void => undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    events.push(JSON.parse(line) as Record<string, unknown>);
    wake();
  });
  const ended = once(child, "exit").then(() => undefined);
  const until = async (type: string, times = 1): Promise<void> => {
    const limit = AbortSignal.timeout(120_000);
    while (events.filter((event) => event["type"] === type).length < times) {
      if (child.exitCode !== null || limit.aborted) throw new Error(`no ${type}: ${JSON.stringify(events)}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await Promise.race([promise, ended, pause(1_000)]);
    }
  };
  await until("ready");
  return {
    place,
    process: child,
    events,
    ended,
    until,
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    signal(name) {
      child.kill(name);
    },
  };
}
