import { readFile, stat } from "node:fs/promises";
import { isErrno } from "@bailiwick/base";
import type { SecretSource } from "./config.ts";
import { ExportsError } from "./errors.ts";

/**
 * A secret from where the configuration says it is, without the line's end. Never in a message, never on a command line.
 * @param what names it for messages
 * @throws ExportsError EXPORTS_SECRET_UNAVAILABLE
 */
export async function readSecret(source: SecretSource, what: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const text = (await readRaw(source, what, environment)).replace(/\r?\n$/, "");
  if (text !== "" && !/[\r\n\0]/.test(text)) return text;
  throw unavailable(what, text === "" ? "is empty" : "has more than one line");
}

async function readRaw(source: SecretSource, what: string, environment: NodeJS.ProcessEnv): Promise<string> {
  if ("env" in source) {
    const value = environment[source.env];
    if (value === undefined) throw unavailable(what, `there is no \`${source.env}\` in the environment`);
    return value;
  }
  if ("file" in source) return await readPrivateFile(source.file, what);
  const { runSecretCommand } = await import("./secret-command.privileged.ts");
  const { output, failure } = await runSecretCommand(source.command);
  if (failure !== undefined) throw unavailable(what, `\`${source.command[0]}\` ${failure}`);
  return output;
}

/** @throws ExportsError EXPORTS_SECRET_UNAVAILABLE also where others can read it */
export async function readPrivateFile(path: string, what: string): Promise<string> {
  try {
    if (((await stat(path)).mode & 0o007) !== 0)
      throw unavailable(what, `everybody can reach \`${path}\`: \`chmod o= ${path}\``);
    return await readFile(path, "utf8");
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "EISDIR", "EIO", "ELOOP")) throw error;
    throw unavailable(what, `\`${path}\` can't be read: ${error.code ?? error.message}`);
  }
}

function unavailable(what: string, why: string): ExportsError {
  return new ExportsError("EXPORTS_SECRET_UNAVAILABLE", `${what}: ${why}`, {
    remedy: "give it by `{ env = … }`, `{ file = … }` or `{ command = … }` in exports.toml",
  });
}
