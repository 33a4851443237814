/** Programs of the host that tests use if they are there. */
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { spawnSync } from "node:child_process";

export interface Tool {
  readonly path: string;
  /** Folders outside of the system's that it needs, for `[filesystem] read`. */
  readonly folders: readonly string[];
}

/** The first program of this name on the test's PATH that a run could start: itself, or by an interpreter that its first line names by path. */
export function findTool(name: string): Tool | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    if (!isExecutable(path)) continue;
    const interpreter = /^#!\s*(\/\S+)/.exec(readFileSync(path).subarray(0, 256).toString("latin1"))?.[1];
    // `#!/usr/bin/env …` in somebody's home: a shim for whatever they have chosen.
    if (interpreter === "/usr/bin/env" && !isOfSystem(path)) continue;
    const needed = [path, ...(interpreter === undefined ? [] : [interpreter])].filter((each) => !isOfSystem(each));
    return { path, folders: [...new Set(needed.map((each) => dirname(dirname(each))))] };
  }
  return undefined;
}

/** Why a test that needs it is skipped; false: it is not. */
export function withoutTool(name: string): string | false {
  return findTool(name) === undefined ? `no ${name}` : false;
}

/** The same for a module of the system's Python. */
export function withoutModule(name: string): string | false {
  const { status } = spawnSync("/usr/bin/python3", ["-c", `import ${name}`], { stdio: "ignore" });
  return status === 0 ? false : `no ${name} in /usr/bin/python3`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Whatever keeps it from being started, it is as good as not there.
    return false;
  }
}

function isOfSystem(path: string): boolean {
  return path.startsWith("/usr/") || path.startsWith("/bin/");
}
