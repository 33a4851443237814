import { readFile, stat } from "node:fs/promises";
import { isErrno } from "@bailiwick/base";
import { ExportsError } from "./errors.ts";
import type { DestinationConfig } from "./config.ts";

/** A destination as it is configured. */
export interface Destination {
  readonly name: string;
  readonly config: DestinationConfig;
}

/**
 * The destinations in `exports.toml`, in its order; none where there is no such file.
 * @throws ExportsError EXPORTS_CONFIG_INVALID
 */
export async function loadDestinations(path: string): Promise<readonly Destination[]> {
  const text = await readConfig(path);
  if (text === undefined) return [];
  const { parse, TomlError } = await import("smol-toml");
  const { configSchema } = await import("./config.ts");
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw invalid(path, `line ${String(error.line)} is not TOML`, error);
  }
  const parsed = configSchema.safeParse(document);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(
      path,
      `\`${issue?.path.map(String).join(".") ?? ""}\`: ${issue?.message ?? "is wrong"}`,
      parsed.error,
    );
  }
  return Object.entries(parsed.data.destinations).map(([name, config]) => ({ name, config }));
}

/** @throws ExportsError EXPORTS_NO_SUCH_DESTINATION */
export function findDestination(destinations: readonly Destination[], name: string, path: string): Destination {
  const found = destinations.find((each) => each.name === name);
  if (found !== undefined) return found;
  const known = destinations.map((each) => `\`${each.name}\``).join(", ");
  throw new ExportsError("EXPORTS_NO_SUCH_DESTINATION", `\`${path}\` has no destination \`${name}\``, {
    remedy: known === "" ? `add \`[destinations.${name}]\` to it; see docs/exports.md` : `it has ${known}`,
  });
}

async function readConfig(path: string): Promise<string | undefined> {
  try {
    // It names commands that are run, so who can write to it can run them.
    if (((await stat(path)).mode & 0o022) !== 0) {
      throw new ExportsError("EXPORTS_CONFIG_INVALID", `others can write to \`${path}\``, {
        remedy: `make it your own: \`chmod 600 ${path}\``,
      });
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    if (!isErrno(error, "EACCES", "EISDIR", "EIO", "ELOOP")) throw error;
    throw invalid(path, `can't be read: ${error.code ?? error.message}`, error);
  }
}

function invalid(path: string, what: string, cause: unknown): ExportsError {
  return new ExportsError("EXPORTS_CONFIG_INVALID", `\`${path}\`: ${what}`, { cause, remedy: "see docs/exports.md" });
}
