import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { MOST_PATCH_BYTES } from "@bailiwick/control-plane/contract";
import { git } from "./git.privileged.ts";

/** A repository as it is before a task, and the work tree that its run may write to. */
export interface Checkout {
  /** What the run is started in. */
  readonly workspace: string;
  /** The commit that it is of. */
  readonly base: string;
  /** What was changed since, as `git diff --binary` has it. @throws CliError CLI_GIT, when it is too large, too */
  diff(): Promise<Buffer>;
}

interface Wanted {
  readonly repository: string;
  readonly revision: string | undefined;
}

/**
 * Two clones: one that no run sees, which says what the files were, and one for the run, which shares nothing with it. Whatever the run makes of its own, the
 * patch is what its files are against the first.
 * @param place an empty directory @throws CliError CLI_GIT
 */
export async function checkOut(
  place: string,
  { repository, revision }: Wanted,
  signal: AbortSignal,
): Promise<Checkout> {
  const kept = join(place, "base.git");
  const workspace = join(place, nameOf(repository));
  const at = { cwd: place, signal };
  await git(["clone", "--bare", "--quiet", "--template=", "--", repository, kept], { ...at, remote: true });
  const base = await resolveCommit(kept, revision ?? "HEAD", signal);
  await git(["clone", "--quiet", "--no-hardlinks", "--no-checkout", "--template=", "--", kept, workspace], at);
  await git(["-C", workspace, "remote", "set-url", "origin", repository], at);
  await git(["-C", workspace, "checkout", "--quiet", "--detach", base], at);
  const index = { GIT_DIR: kept, GIT_WORK_TREE: workspace, GIT_INDEX_FILE: join(place, "index") };
  mkdirSync(join(kept, "info"), { recursive: true });
  return {
    workspace,
    base,
    async diff() {
      const options = { cwd: workspace, env: index };
      await git(["read-tree", base], options);
      await git(["add", "--all", "--", "."], options);
      const forms = ["--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", "--full-index"];
      return await git(["diff", "--cached", ...forms, base, "--"], { ...options, mostBytes: MOST_PATCH_BYTES });
    },
  };
}

async function resolveCommit(repository: string, revision: string, signal: AbortSignal): Promise<string> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  return (await git(args, { cwd: repository, env: { GIT_DIR: repository }, signal })).toString("utf8").trim();
}

/** The project's name, which policies of a project go by; safe as one component of a path. */
export function nameOf(repository: string): string {
  const last = basename(repository.replace(/\/+$/, "")).split(":").at(-1) ?? "";
  const name = last.replace(/\.git$/, "").replaceAll(/[^A-Za-z0-9._-]/g, "-");
  return /^\.*$/.test(name) || name === "base.git" || name === "index" ? "repository" : name;
}
