import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { RunError } from "./errors.ts";
import { systemCodeOf } from "./system-error.ts";

/** A policy file as text; `name` is what errors call it. */
export interface PolicyText {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads policy files, and the `*.cedar` files of directories, sorted by name, so that the same set has the same digest.
 * A directory without any is an error: a mistyped name must not mean fewer rules.
 * @throws RunError RUN_POLICY_UNREADABLE
 */
export function readPolicies(paths: readonly string[]): PolicyText[] {
  return paths.flatMap(policyFilesOf).map((path) => ({ name: path, text: reading(path, () => readUtf8(path)) }));
}

/** The policy files that a path means: itself, or what a directory holds. */
export function policyFilesOf(path: string): string[] {
  if (!reading(path, () => statSync(path).isDirectory())) return [path];
  const names = reading(path, () => readdirSync(path)).filter((name) => name.endsWith(".cedar"));
  if (names.length === 0) {
    throw new RunError("RUN_POLICY_UNREADABLE", `there is no policy in \`${path}\``, {
      remedy: "name a `.cedar` file, or a directory that holds some",
    });
  }
  return names.sort().map((name) => join(path, name));
}

function readUtf8(path: string): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
}

function reading<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const why = systemCodeOf(error) ?? (error instanceof TypeError ? "it is not UTF-8" : undefined);
    if (why === undefined) throw error;
    throw new RunError("RUN_POLICY_UNREADABLE", `cannot read the policy \`${path}\`: ${why}`, {
      cause: error,
      remedy: "check the name and the permissions of the file",
    });
  }
}
