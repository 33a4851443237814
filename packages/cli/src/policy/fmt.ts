import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { formatPolicy } from "@bailiwick/policy";
import { policyFilesOf } from "@bailiwick/run";

/** 0: all are in the usual layout now; with `check`, were so already. 1: with `check`, some are not. */
export async function formatPolicyCommand(
  paths: readonly string[],
  options: { readonly check?: true },
): Promise<number> {
  let changed = 0;
  for (const path of paths.flatMap(policyFilesOf)) {
    const text = readFileSync(path, "utf8");
    const formatted = await formatPolicy(text);
    if (formatted === text) continue;
    changed++;
    process.stdout.write(`${path}\n`);
    if (!options.check) replaceFile(path, formatted);
  }
  return options.check && changed > 0 ? 1 : 0;
}

/** Whole or not at all: half a policy set would be another one. */
function replaceFile(path: string, text: string): void {
  const partial = `${path}.${String(process.pid)}`;
  writeFileSync(partial, text, { mode: statSync(path).mode & 0o777 });
  renameSync(partial, path);
}
