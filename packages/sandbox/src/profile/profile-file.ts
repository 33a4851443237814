import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { escapeControls, isErrno, parseJson } from "@bailiwick/base";
import { SandboxError } from "../errors.ts";
import { ProfileProblem, type Place } from "./form.ts";
import type { ProfileCache } from "./profile-request.ts";
import { profileForm, type ProfileSource } from "./source.ts";

/** A profile is written by people; more than this is none. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads one profile file. What TOML made of it is kept by the digest of its text, because the parser takes longer to load than
 * all that is done here; what the form makes of that is done anew each time, so that a cache can't say what a profile may not.
 * @returns undefined when there is no such file
 * @throws SandboxError SANDBOX_PROFILE_INVALID, SANDBOX_PROFILE_NOT_FOUND when it can't be read
 */
export async function readProfileFile(
  path: string,
  cache: ProfileCache | undefined,
): Promise<ProfileSource | undefined> {
  const text = readText(path);
  return text === undefined ? undefined : await readProfileText(path, text, cache);
}

/**
 * Reads what a profile's file holds.
 * @param path what errors call it
 * @throws SandboxError SANDBOX_PROFILE_INVALID
 */
export async function readProfileText(
  path: string,
  text: string,
  cache: ProfileCache | undefined,
): Promise<ProfileSource> {
  const name = `profile-${createHash("sha256").update(text).digest("hex")}.json`;
  const cached = cache?.read(name);
  // A cache entry that was cut off counts as none.
  const kept = cached === undefined ? undefined : parseJson(cached);
  const document = kept ?? (await parseToml(path, text));
  try {
    const source = profileForm.read(document, []);
    if (kept === undefined) cache?.write(name, JSON.stringify(document));
    return source;
  } catch (error) {
    if (error instanceof ProfileProblem) throw explainProblem(error, path, text);
    throw error;
  }
}

/** Without waiting for a FIFO and without reading a device: the workspace's own may be one that an agent left. */
function readText(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    if (!isErrno(error, "EACCES", "EPERM", "ELOOP", "ENXIO", "ENAMETOOLONG")) throw error;
    throw new SandboxError("SANDBOX_PROFILE_NOT_FOUND", `cannot read profile \`${path}\`: ${error.code ?? ""}`, {
      cause: error,
      remedy: "make it a file that you can read",
    });
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > MAX_BYTES) {
      throw new SandboxError(
        "SANDBOX_PROFILE_INVALID",
        `profile \`${path}\` is ${stat.isFile() ? "larger than 1 MiB" : "not a file"}`,
        { remedy: "name a TOML file" },
      );
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(fd));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new SandboxError("SANDBOX_PROFILE_INVALID", `profile \`${path}\` is not UTF-8`, {
      remedy: "save it as UTF-8",
    });
  } finally {
    closeSync(fd);
  }
}

async function parseToml(path: string, text: string): Promise<unknown> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new SandboxError("SANDBOX_PROFILE_INVALID", `\`${path}:${String(error.line)}\`: not TOML: ${what}`, {
      cause: error,
      remedy: "see https://toml.io for its form",
    });
  }
}

function explainProblem(problem: ProfileProblem, path: string, text: string): SandboxError {
  const line = findLine(text, problem.place);
  const at = line === undefined ? path : `${path}:${String(line)}`;
  const keys = problem.place.map((key) => (typeof key === "number" ? `[${String(key)}]` : key));
  const key = escapeControls(keys.join(".").replaceAll(".[", "["));
  return new SandboxError("SANDBOX_PROFILE_INVALID", `\`${at}\`: \`${key}\` ${verb(problem.message)}`, {
    ...(problem.remedy === undefined ? {} : { remedy: problem.remedy }),
  });
}

function verb(message: string): string {
  return message === "unknown key" ? "is not a known key" : message;
}

/** The line on which a key stands, as well as that can be told without a parser that keeps positions; undefined when it can't. */
export function findLine(text: string, place: Place): number | undefined {
  const keys = place.filter((part) => typeof part === "string");
  const wanted = keys.at(-1);
  if (wanted === undefined) return undefined;
  let table = "";
  const parent = keys.slice(0, -1).join(".");
  const name = new RegExp(`(^|[\\s{,.])["']?${wanted.replace(/[^A-Za-z0-9_]/g, "\\$&")}["']?\\s*=`);
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[+\s*([^\]]+?)\s*\]+/.exec(line)?.[1]?.replaceAll(/["'\s]/g, "");
    if (header !== undefined) table = header;
    if (header === keys.join(".")) return index + 1;
    if (header === undefined && (table === parent || parent.startsWith(table)) && name.test(line)) return index + 1;
  }
  return undefined;
}
