/** Git over SSH is one command with one argument, which a server takes for a path. */
export interface GitCommand {
  readonly service: "git-upload-pack" | "git-receive-pack";
  /** Without a leading slash and a trailing `.git`: what rules are about. */
  readonly repository: string;
  /** As git wrote it; only characters that mean nothing to a shell. */
  readonly path: string;
}

/** How git quotes: in single quotes, `'` and `!` outside of them with a backslash. What needs that is no name of a repository. */
const COMMAND = /^(git-upload-pack|git-receive-pack|git upload-pack|git receive-pack) '([^'\\]*)'$/;
/** The server's shell reads the command again: nothing that could mean something to it. A leading `~` is a home of the server's. */
const PATH = /^\/?~?[A-Za-z0-9_][A-Za-z0-9_.@+-]*(\/[A-Za-z0-9_.@+-]+)*\/?$/;

/** The command of a session; undefined when it is not exactly one that git sends for a repository with a plain name. */
export function readGitCommand(text: string): GitCommand | undefined {
  const [, service, path = ""] = COMMAND.exec(text) ?? [];
  if (service === undefined || path.length > 1_024 || !PATH.test(path)) return undefined;
  const segments = path.split("/").filter((segment) => segment !== "");
  if (segments.some((segment) => segment === "." || segment === "..")) return undefined;
  const reads = service.endsWith("upload-pack");
  return {
    service: reads ? "git-upload-pack" : "git-receive-pack",
    repository: segments.join("/").replace(/\.git$/, ""),
    path,
  };
}

/** Written anew, never as it came. */
export function writeGitCommand({ service, path }: GitCommand): string {
  return `${service} '${path}'`;
}

/** @param patterns names as `acme/app`; `*` is one segment, `**` at the end any number */
export function matchesRepository(patterns: readonly string[], repository: string): boolean {
  const segments = repository.split("/");
  return patterns.some((pattern) => {
    const wanted = pattern.split("/");
    const open = wanted.at(-1) === "**";
    const fixed = open ? wanted.slice(0, -1) : wanted;
    if (open ? segments.length <= fixed.length : segments.length !== fixed.length) return false;
    return fixed.every((part, index) => part === "*" || part === segments[index]);
  });
}
