import { readdirSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { Mount } from "../launch-spec.ts";
import { installationOf, interpreterOf, mayShow, packageOf, type PrivatePlaces } from "./installations.ts";
import { isInside, lookAt, lookThrough, realPathOf, unlessAbsent } from "./host-files.ts";
import { accountOf } from "./system-view.ts";

export interface ProgramQuestion {
  /** The person's PATH. */
  readonly path: string;
  readonly command: readonly string[];
  readonly directory: string;
  readonly personHome: string;
  readonly stateDirectory: string;
  /** Host directories that are visible at their own path anyway. */
  readonly visible: readonly string[];
  readonly installation: readonly string[];
}

export interface ProgramView {
  readonly mounts: readonly Extract<Mount, { kind: "bind" }>[];
  /** PATH inside: the person's, without what is not visible. */
  readonly path: string;
  /** The command's own file, links resolved; undefined when it is not found. */
  readonly program: string | undefined;
}

const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

const INTERPRETERS = /^(node|nodejs|bun|deno|python[0-9.]*|ruby|perl|bash|sh|dash|zsh)$/;

/**
 * Finds what must be visible for the person's programs to start inside, beside the system's directories: PATH, each entry read-only
 * at its own path, with the installation around it; and the command with its package, its interpreter, and what its links lead to.
 * Never a home, nor anything in it that holds credentials.
 */
export function viewPrograms(question: ProgramQuestion): ProgramView {
  const view = new Programs(question);
  const entries = (question.path === "" ? DEFAULT_PATH : question.path).split(":").filter(isAbsolute).map(withoutSlash);
  for (const entry of new Set(entries)) view.addPathEntry(entry);
  for (const path of question.installation) view.addExactly(path);
  const program = view.addCommand(entries);
  const path = [...new Set(entries)].filter((entry) => view.isVisible(entry)).join(":");
  return { mounts: view.mounts(), path: path === "" ? DEFAULT_PATH : path, program };
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

class Programs {
  readonly #question: ProgramQuestion;
  readonly #private: PrivatePlaces;
  /** Target → source; both are the same but for a path through links. */
  readonly #binds = new Map<string, string>();

  constructor(question: ProgramQuestion) {
    this.#question = question;
    const homes = [question.personHome, accountOf()?.homedir ?? "/"].map((home) => realPathOf(home) ?? home);
    this.#private = { homes: homes.filter((home) => home !== "/"), state: question.stateDirectory };
  }

  isVisible(path: string): boolean {
    const real = realPathOf(path);
    return real !== undefined && this.#isSeen(path) && this.#isSeen(real);
  }

  addPathEntry(entry: string): void {
    const real = realPathOf(entry);
    if (real === undefined || (this.#isSeen(entry) && this.#isSeen(real))) return;
    const prefix = installationOf(real, this.#private);
    const isPlain = prefix !== real && basename(entry) === basename(real) && dirname(real) === prefix;
    if (!this.#add(prefix, prefix)) return;
    if (entry !== real) this.#add(...(isPlain ? ([dirname(entry), prefix] as const) : ([entry, real] as const)));
    this.#addInterpreterOf(prefix);
    for (const link of unlessAbsent(() => readdirSync(real, { withFileTypes: true })) ?? []) {
      if (!link.isSymbolicLink()) continue;
      const target = realPathOf(join(real, link.name));
      if (target !== undefined) this.#addFile(target, false);
    }
    // Cargo's programs are one that looks for the toolchain in another place.
    const toolchains = real.replace(/\/\.cargo\/bin$/, "/.rustup");
    if (toolchains !== real) this.addExactly(toolchains);
  }

  addExactly(path: string): void {
    const real = realPathOf(path);
    if (real === undefined) return;
    this.#add(real, real);
    if (real !== path) this.#add(path, real);
  }

  /** The command's file, its package and its interpreters; and the script that is given to a command that is an interpreter. */
  addCommand(pathEntries: readonly string[]): string | undefined {
    const { command, directory } = this.#question;
    const program = this.#find(command[0] ?? "", pathEntries);
    if (program === undefined) return undefined;
    const real = this.#addProgram(program, pathEntries, 0);
    const script = command.slice(1).find((argument) => !argument.startsWith("-"));
    if (script !== undefined && INTERPRETERS.test(basename(real)) && script.includes("/")) {
      const path = resolve(directory, script);
      if (lookThrough(path)?.isFile() === true) this.#addProgram(path, pathEntries, 0);
    }
    return real;
  }

  mounts(): readonly Extract<Mount, { kind: "bind" }>[] {
    const sorted = [...this.#binds].sort(([a], [b]) => (a < b ? -1 : 1));
    const isNested = ([target, source]: readonly [string, string]): boolean =>
      sorted.some(
        ([outer, from]) => outer !== target && outer === from && target === source && isInside(outer, target),
      );
    return sorted
      .filter((bind) => !isNested(bind))
      .map(([target, source]) => ({
        kind: "bind",
        source,
        target,
        writable: false,
        // A run by root is not root on the host: what is in root's own home must be readable all the same.
        owned: this.#private.homes.some((home) => isInside(home, source)),
        optional: false,
      }));
  }

  #find(name: string, pathEntries: readonly string[]): string | undefined {
    const candidates = name.includes("/")
      ? [resolve(this.#question.directory, name)]
      : pathEntries.map((entry) => join(entry, name));
    return candidates.find((path) => {
      const stat = lookThrough(path);
      return stat?.isFile() === true && (stat.mode & 0o111) !== 0;
    });
  }

  /** @returns the file itself, links resolved */
  #addProgram(path: string, pathEntries: readonly string[], depth: number): string {
    const real = realPathOf(path) ?? path;
    this.#addFile(real, true);
    // The name that was found must lead there as well; where its directory is not visible, the file lies there itself.
    if (!this.isVisible(path)) this.#add(path, real);
    const interpreter = interpreterOf(real);
    if (interpreter !== undefined && depth < 4) {
      const found = this.#find(interpreter, pathEntries);
      if (found !== undefined) this.#addProgram(found, pathEntries, depth + 1);
    }
    return real;
  }

  /** One file, links resolved, with what it needs around it: its `node_modules`, its installation, or (asked for by the person) its package. */
  #addFile(real: string, isCommand: boolean): void {
    if (this.#isSeen(real)) return;
    const directory = dirname(real);
    const whole = installationOf(directory, this.#private);
    const around = whole !== directory ? whole : isCommand ? packageOf(real) : undefined;
    if (around === undefined || !this.#add(around, around)) this.#add(real, real);
    if (around !== undefined) this.#addInterpreterOf(around);
  }

  /** A virtual environment's interpreter is a link to another installation. */
  #addInterpreterOf(prefix: string): void {
    if (lookAt(join(prefix, "pyvenv.cfg")) === undefined) return;
    const python = realPathOf(join(prefix, "bin/python"));
    if (python !== undefined) this.#addFile(python, false);
  }

  #isSeen(path: string): boolean {
    return (
      this.#question.visible.some((tree) => isInside(tree, path)) ||
      [...this.#binds.keys()].some((target) => isInside(target, path))
    );
  }

  #add(target: string, source: string): boolean {
    if (!mayShow(source, this.#private)) return false;
    if (target === source ? !this.#isSeen(target) : !this.#binds.has(target)) this.#binds.set(target, source);
    return true;
  }
}
