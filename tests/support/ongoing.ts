/** The shipped command while it goes on. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { commandPath, personEnvironment, type Place } from "./governed.ts";

export interface Ongoing {
  readonly child: ChildProcess;
  /** Resolves with all output so far once the pattern is in it. */
  until(pattern: RegExp): Promise<string>;
  /** The exit status, or the signal that ended it. */
  ended(): Promise<number | NodeJS.Signals>;
}

export function startCommand(
  place: Place,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Ongoing {
  const child = spawn(process.execPath, [commandPath, ...args], {
    cwd: place.workspace,
    env: personEnvironment(place, env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const take = (chunk: unknown): void => {
    output += String(chunk);
    child.emit("more");
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const until = async (pattern: RegExp): Promise<string> => {
    const timer = setTimeout(() => child.emit("more", new Error()), 20_000);
    while (!pattern.test(output)) {
      const [late] = (await once(child, "more")) as unknown[];
      if (late !== undefined) throw new Error(`no ${String(pattern)} in: ${output}`);
    }
    clearTimeout(timer);
    return output;
  };
  return { child, until, ended: () => endOf(child) };
}

/** A governed shell script. @param options of `bailiwick run` */
export function startScript(place: Place, script: string, options: readonly string[] = []): Ongoing {
  return startCommand(place, ["run", "--workspace", place.workspace, ...options, "--", "sh", "-c", script]);
}

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  return child.exitCode ?? child.signalCode ?? 0;
}
