/** How everything here is measured: variants interleaved in one run, so that what the machine does meanwhile hits each alike. */
import { spawnSync } from "node:child_process";
import { delimiter, dirname } from "node:path";

/** For a command that is started as it is installed, by its own first line: with the Node that runs this. */
export function installedEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}` };
}

/** One run of a command, wall time in milliseconds. Fails loudly: a command that fails measures nothing. */
export function timeCommand(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): number {
  const [command = "", ...args] = argv;
  const start = process.hrtime.bigint();
  const result = spawnSync(command, args, { stdio: ["ignore", "ignore", "pipe"], ...options });
  const elapsed = Number(process.hrtime.bigint() - start) / 1e6;
  if (result.status !== 0) {
    throw new Error(
      `${argv.join(" ")} ended with ${String(result.status ?? result.signal)}: ${String(result.stderr)}${result.error?.message ?? ""}`,
    );
  }
  return elapsed;
}

/** Runs each variant `rounds` times in turn (after one warm-up each) and gives the sorted times of each. */
export async function interleave<Name extends string>(
  variants: Readonly<Record<Name, () => number | Promise<number>>>,
  rounds: number,
): Promise<Record<Name, readonly number[]>> {
  const names = Object.keys(variants) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (const name of names) await variants[name]();
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) times[name].push(await variants[name]());
  }
  for (const name of names) times[name].sort((a, b) => a - b);
  return times;
}

/** @param sorted ascending; @param share 0..1 */
export function quantile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error("nothing was measured");
  return value;
}

export const median = (sorted: readonly number[]): number => quantile(sorted, 0.5);
