/**
 * git, outside of any run.
 *
 * SAFETY: the repository is whoever's, and after a run its work tree is the agent's. So: arguments are ours, without a shell, and what others chose comes after
 * `--` or was checked by the contract; no hooks, no templates, no file-system monitor, no submodules, no transport that runs programs; no configuration of the
 * repository's that names a program is ever read, since what the agent could write to (its clone) is never used as a repository again; where no credentials are
 * needed the host's own configuration is left out, which could name filters that a file of the repository asks for.
 */
import { execFile, spawn } from "node:child_process";
import { CliError } from "../errors.ts";

export interface GitOptions {
  readonly cwd: string;
  /** Whether it speaks to where the repository is: by the host's own settings and credentials. */
  readonly remote?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
  readonly signal?: AbortSignal;
  /** Of what it prints; more is an error. */
  readonly mostBytes?: number;
}

const NOTHING_RUNS = [
  ...["core.hooksPath=/dev/null", "core.fsmonitor=false", "core.symlinks=true", "protocol.ext.allow=never"],
  ...["submodule.recurse=false", "fetch.recurseSubmodules=false", "gc.auto=0", "maintenance.auto=false"],
  ...["diff.external=", "core.attributesFile=/dev/null", "core.excludesFile=/dev/null", "core.quotePath=true"],
].flatMap((setting) => ["-c", setting]);

const PASSED = ["PATH", "HOME", "USER", "SSH_AUTH_SOCK", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "GIT_SSL_CAINFO"] as const;
const MOST_BYTES = 1 << 20;

/** What git prints. @throws CliError CLI_GIT with what it said */
export async function git(args: readonly string[], options: GitOptions): Promise<Buffer> {
  const { cwd, remote = false, env = {}, input, signal, mostBytes = MOST_BYTES } = options;
  return await new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      [...NOTHING_RUNS, ...args],
      {
        cwd,
        env: { ...environment(remote), ...env },
        encoding: "buffer",
        maxBuffer: mostBytes,
        ...(signal && { signal, killSignal: "SIGKILL" as const }),
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(failure(args, error, stderr));
      },
    );
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

function environment(remote: boolean): Record<string, string> {
  const own = Object.fromEntries(
    PASSED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return {
    ...own,
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "true",
    SSH_ASKPASS: "true",
    GIT_ALLOW_PROTOCOL: "https:ssh:file",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_ATTR_NOSYSTEM: "1",
    ...(remote
      ? { GIT_SSH_COMMAND: "ssh -oBatchMode=yes" }
      : { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" }),
  };
}

function failure(args: readonly string[], error: Error & { code?: unknown }, stderr: Buffer): CliError {
  const said = stderr.toString("utf8").trim().split("\n").slice(-3).join("; ").slice(0, 500);
  const why =
    error.code === "ENOENT"
      ? "it is not installed"
      : error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER"
        ? "what it gives is too large"
        : said === ""
          ? error.message.split("\n")[0]
          : said;
  return new CliError("CLI_GIT", `\`git ${args.find((word) => !word.startsWith("-")) ?? ""}\`: ${why ?? ""}`, {
    cause: error,
    remedy: "see what git says of the repository on this host",
  });
}

/** A person's own repository, with their own settings: for what they ask for in it. @throws CliError CLI_GIT */
export async function ownGit(args: readonly string[], cwd: string, options: Partial<GitOptions> = {}): Promise<string> {
  return await new Promise((resolve, reject) => {
    const child = spawn("git", args, { cwd, env: { ...process.env, ...options.env }, stdio: "pipe" });
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", (error) => {
      reject(failure(args, error, Buffer.alloc(0)));
    });
    child.on("close", (status) => {
      if (status === 0) resolve(Buffer.concat(out).toString("utf8").trimEnd());
      else reject(failure(args, new Error(`it ended with ${String(status)}`), Buffer.concat(err)));
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input);
  });
}
