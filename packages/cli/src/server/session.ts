import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { Client } from "@bailiwick/control-plane/contract";
import { configDirectory } from "@bailiwick/run";
import { CliError } from "../errors.ts";

/** Where a person is signed in, and by what. */
export interface Session {
  readonly url: string;
  readonly token: string;
}

/** Among the person's settings, where no run can read. */
export function sessionFile(environment: NodeJS.ProcessEnv): string {
  return join(configDirectory(environment), "server.json");
}

export function writeSession(environment: NodeJS.ProcessEnv, session: Session): void {
  const path = sessionFile(environment);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(session, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

export function forgetSession(environment: NodeJS.ProcessEnv): void {
  rmSync(sessionFile(environment), { force: true });
}

/** @throws CliError CLI_NOT_SIGNED_IN when there is none, or others could have read it */
export function readSession(environment: NodeJS.ProcessEnv): Session {
  const path = sessionFile(environment);
  let text: string;
  try {
    const { mode, uid } = lstatSync(path);
    if ((mode & 0o077) !== 0 || uid !== process.geteuid?.()) {
      throw notSignedIn(`\`${path}\` could be read by others`, "revoke its token, remove it, and sign in again");
    }
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR"))
      throw notSignedIn("you are signed in at no server", "run `bailiwick login URL`");
    throw error;
  }
  const session = parse(text);
  if (session === undefined)
    throw notSignedIn(`\`${path}\` is not what signing in writes`, "remove it, and sign in again");
  return session;
}

export function openClient(environment: NodeJS.ProcessEnv): Client {
  const { url, token } = readSession(environment);
  return new Client({ url, by: { token } });
}

/** @throws CliError CLI_USAGE */
export function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === "https:" || isLoopback(url))) return url.origin;
  throw new CliError("CLI_USAGE", `\`${text}\` is not the URL of a server`, {
    remedy: "give `https://…`; plain `http://` only on this machine, since tokens go over it",
  });
}

function isLoopback({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && /^(localhost|127(\.[0-9]+){3}|\[::1\])$/.test(hostname);
}

function parse(text: string): Session | undefined {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json !== "object" || json === null) return undefined;
    const { url, token }: { url?: unknown; token?: unknown } = json;
    return typeof url === "string" && typeof token === "string" ? { url, token } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function notSignedIn(why: string, remedy: string): CliError {
  return new CliError("CLI_NOT_SIGNED_IN", why, { remedy });
}
