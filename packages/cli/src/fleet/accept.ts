import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskOfServer } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { ownGit } from "./git.privileged.ts";

interface Accepted {
  readonly task: TaskOfServer;
  readonly patch: Uint8Array;
}

/** Does what was tried; says what was done. */
type Put = () => Promise<string>;

/** Makes a commit of the patch on what it is against, without touching files; then a new branch of it. @throws CliError CLI_GIT, CLI_TASK */
export async function branchHere(
  directory: string,
  { task, patch, branch }: Accepted & { readonly branch: string },
): Promise<Put> {
  const base = task.base ?? "";
  await ownGit(["check-ref-format", "--branch", branch], directory);
  await requireCommit(directory, base);
  const place = mkdtempSync(join(tmpdir(), "bailiwick-accept-"));
  let commit: string;
  try {
    const env = { GIT_INDEX_FILE: join(place, "index") };
    await ownGit(["read-tree", base], directory, { env });
    await ownGit(["apply", "--cached", "--binary", "-"], directory, { env, input: patch });
    const tree = await ownGit(["write-tree"], directory, { env });
    commit = await ownGit(["commit-tree", tree, "-p", base, "-F", "-"], directory, {
      input: Buffer.from(messageOf(task)),
    });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
  return async () => {
    // Only where there is none: an old value of zeros.
    await ownGit(["update-ref", `refs/heads/${branch}`, commit, "0".repeat(base.length)], directory);
    return `branch ${branch} is ${commit.slice(0, 12)}`;
  };
}

/** Changes the files of the work tree, when all of it fits. */
export async function applyHere(directory: string, { patch }: Accepted): Promise<Put> {
  const top = await ownGit(["rev-parse", "--show-toplevel"], directory);
  await ownGit(["apply", "--check", "--binary", "-"], top, { input: patch });
  return async () => {
    await ownGit(["apply", "--binary", "-"], top, { input: patch });
    return `applied in ${top}`;
  };
}

async function requireCommit(directory: string, base: string): Promise<void> {
  try {
    await ownGit(["cat-file", "-e", `${base}^{commit}`], directory);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError("CLI_TASK", `the commit \`${base}\` that the patch is against is not here`, {
      cause: error,
      remedy: "go to a clone of the task's repository, and `git fetch` it",
    });
  }
}

function messageOf({ id, prompt, agent, run, by }: TaskOfServer): string {
  const [first = ""] = prompt.split("\n");
  const subject = first.length > 72 ? `${first.slice(0, 71)}…` : first;
  const trailers = [`Bailiwick-Task: ${id}`, ...(run === undefined ? [] : [`Bailiwick-Run: ${run}`])];
  return `${subject}\n\nDone by ${agent} for ${by}.\n\n${trailers.join("\n")}\n`;
}
