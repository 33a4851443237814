import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { escapeControls, isErrno } from "@bailiwick/base";
import { locateStateDirectory } from "@bailiwick/run";
import { CliError } from "../errors.ts";
import { askIn } from "./ask-tool.privileged.ts";
import { planInit, type InitPlan } from "./plan-init.ts";

/** `bailiwick init [DIR]`. */
export interface InitOptions {
  /** The project; the current directory by default. */
  readonly directory?: string | undefined;
  /** Prints the files and writes nothing. */
  readonly stdout?: boolean | undefined;
  /** Writes over what is there. */
  readonly force?: boolean | undefined;
  readonly environment?: NodeJS.ProcessEnv;
}

/** Plans and writes profile, policy and tests of a project. @returns the exit status @throws CliError CLI_INIT_EXISTS, SandboxError */
export function initCommand(options: InitOptions = {}): number {
  const environment = options.environment ?? process.env;
  const home = environment["HOME"] || homedir();
  const named = environment["XDG_CONFIG_HOME"];
  const plan = planInit({
    directory: options.directory ?? process.cwd(),
    home,
    environment,
    ask: askIn(home, environment),
    configDirectory: join(named !== undefined && isAbsolute(named) ? named : join(home, ".config"), "bailiwick"),
    stateDirectory: locateStateDirectory(environment).root,
  });
  if (options.stdout === true) {
    for (const { path, content } of plan.files) process.stdout.write(`# ==> ${escapeControls(path)}\n${content}\n`);
    return 0;
  }
  writeInit(plan, { force: options.force === true });
  process.stdout.write(summaryOf(plan));
  return 0;
}

/**
 * Writes all files of a plan or, when one is there already and is not to be replaced, none.
 * @throws CliError CLI_INIT_EXISTS
 */
export function writeInit(plan: InitPlan, { force }: { readonly force: boolean }): void {
  const written: string[] = [];
  try {
    for (const { path, content } of plan.files) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, content, { flag: force ? "w" : "wx", mode: 0o600 });
      written.push(path);
    }
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
    for (const path of written) rmSync(path);
    throw new CliError("CLI_INIT_EXISTS", `\`${error.path ?? "a file"}\` is there already`, {
      cause: error,
      remedy: "change it by hand, look at what would be written with `--stdout`, or write over it with `--force`",
    });
  }
}

function summaryOf({ directory, kinds, hosts, notes, files }: InitPlan): string {
  const lines = [
    `${directory}: ${kinds.length === 0 ? "no kind of project that is known" : kinds.join(", ")}`,
    ...files.map(({ path }) => `  wrote ${path}`),
    hosts.length === 0 ? "no host is reachable" : "reachable in a run, look at them:",
    ...hosts.map(({ host, reasons }) => `  ${host}  (${reasons.join("; ")})`),
    ...notes.map((note) => `note: ${note}`),
  ];
  return lines.map((line) => `${escapeControls(line)}\n`).join("");
}
