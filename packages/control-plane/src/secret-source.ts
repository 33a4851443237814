/** Secrets of the server's file: it says where they are, and holds none. */
import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { ServerError } from "../contract/errors.ts";

export const secretSource = z.union([
  z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of a variable") }),
  z.strictObject({ file: z.string().regex(/^\//, "must be an absolute path") }),
]);

export type SecretSource = z.output<typeof secretSource>;
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param what names it for messages
 * @throws ServerError SERVER_CANNOT_START also where others can read it
 */
export function readSecret(source: SecretSource, what: string, environment: Environment): string {
  const secret = "env" in source ? environment[source.env] : readSecretFile(source.file);
  if (secret !== undefined && secret !== "") return secret;
  throw cannotStart(`${what} is empty`, "put it where the server's file says");
}

function readSecretFile(path: string): string {
  try {
    if ((statSync(path).mode & 0o077) !== 0) {
      throw cannotStart(`others can read \`${path}\``, `make it your own: \`chmod 600 ${path}\``);
    }
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if (error instanceof ServerError || !(error instanceof Error)) throw error;
    throw cannotStart(`cannot read \`${path}\`: ${error.message}`, "check its path and rights");
  }
}

/** Plain HTTP tells everybody on the way what it carries; on the host itself there is no way. */
export function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "https:" || (protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname));
}

export function cannotStart(why: string, remedy: string): ServerError {
  return new ServerError("SERVER_CANNOT_START", why, { remedy });
}
