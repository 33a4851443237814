/**
 * Runs a shell script under the shipped command and judges it from outside: what it printed, what it left in the workspace, what the
 * record says. Every governed script has its own person's home, state directory and workspace, all removed afterwards.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Event } from "@bailiwick/audit";

/** The shipped command. */
export const commandPath = fileURLToPath(new URL("../../packages/cli/bin/bailiwick.js", import.meta.url));

/** Where one test's runs happen. */
export interface Place {
  readonly root: string;
  readonly workspace: string;
  readonly home: string;
  readonly state: string;
  /** Writes a file below `root` (made with its folders) and gives its path. */
  write(name: string, content: string, mode?: number): string;
  remove(): void;
}

export function makePlace(): Place {
  const root = mkdtempSync(join(tmpdir(), "bailiwick-test-"));
  const place = { root, workspace: join(root, "home/project"), home: join(root, "home"), state: join(root, "state") };
  mkdirSync(place.workspace, { recursive: true });
  return {
    ...place,
    write(name, content, mode = 0o644) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content, { mode });
      return path;
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export interface Governed {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly events: readonly Event[];
}

export interface GovernedOptions {
  readonly argv: readonly string[];
  /** TOML; what a profile file holds. Without one the standard profile applies. */
  readonly profile?: string;
  /** Cedar text added to the standard set. */
  readonly policy?: string;
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** The environment of a person who has nothing but a PATH; nothing of the test's own environment leaks in. */
export function personEnvironment(place: Place, extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    HOME: place.home,
    USER: "person",
    LANG: "C.UTF-8",
    BAILIWICK_HOME: place.state,
    ...extra,
  };
}

/** The shipped command with these arguments. */
export async function bailiwick(
  place: Place,
  args: readonly string[],
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly input?: string;
    readonly cwd?: string;
    /** Another Node than the one that runs the test. */
    readonly node?: string;
  } = {},
): Promise<Omit<Governed, "events">> {
  const child = spawn(options.node ?? process.execPath, [commandPath, ...args], {
    cwd: options.cwd ?? place.workspace,
    env: personEnvironment(place, options.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  child.stdin.on("error", () => undefined); // the command may end without reading its input
  child.stdin.end(options.input ?? "");
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
}

/** The events of the newest run in this place. */
export async function readEvents(place: Place, run = "last"): Promise<readonly Event[]> {
  const shown = await bailiwick(place, ["runs", "show", run, "--json"]);
  if (shown.status !== 0) throw new Error(`runs show failed: ${shown.stderr}`);
  return shown.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Event);
}

/** `bailiwick run` with everything given, and the events it left; a run that never started has none. */
export async function runGoverned(place: Place, options: GovernedOptions): Promise<Governed> {
  const args = ["run", "--workspace", place.workspace, "--approvals", "deny"];
  if (options.profile !== undefined) args.push("--profile", place.write("profile.toml", options.profile));
  if (options.policy !== undefined) args.push("--policy", place.write("policy.cedar", options.policy));
  const result = await bailiwick(place, [...args, ...(options.options ?? []), "--", ...options.argv], {
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.input === undefined ? {} : { input: options.input }),
  });
  return { ...result, events: result.status === 125 ? [] : await readEvents(place) };
}

/** Events of one type. */
export function ofType<T extends Event["type"]>(events: readonly Event[], type: T): Extract<Event, { type: T }>[] {
  return events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
}
