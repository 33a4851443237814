import { readFileSync } from "node:fs";
import { decodeOsString } from "@bailiwick/base";

/**
 * The arguments behind the script's name, losing nothing: Node replaces bytes that are not UTF-8 by U+FFFD, so when there is
 * one, the bytes themselves are read from the kernel.
 */
export function rawArguments(argv: readonly string[]): string[] {
  const own = argv.slice(2);
  if (!own.some((argument) => argument.includes("\ufffd"))) return own;
  return lastArguments(readFileSync("/proc/self/cmdline"), own.length);
}

/** The environment, losing nothing in the same way. */
export function rawEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (!Object.values(environment).some((value) => value?.includes("\ufffd"))) return environment;
  const raw = readFileSync("/proc/self/environ");
  const entries = lastArguments(raw, Infinity).map((entry): [string, string] => {
    const equals = entry.indexOf("=");
    return [entry.slice(0, equals), entry.slice(equals + 1)];
  });
  return { ...environment, ...Object.fromEntries(entries.filter(([name]) => environment[name] !== undefined)) };
}

/** The last `count` of NUL-terminated strings. */
export function lastArguments(commandLine: Buffer, count: number): string[] {
  const all: string[] = [];
  for (let from = 0; from < commandLine.length;) {
    const end = commandLine.indexOf(0, from);
    const to = end < 0 ? commandLine.length : end;
    all.push(decodeOsString(commandLine.subarray(from, to)));
    from = to + 1;
  }
  return all.slice(Math.max(0, all.length - count));
}
