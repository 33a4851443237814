import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { systemCodeOf } from "./system-error.ts";

/**
 * The file that `name` means, symbolic links resolved; undefined when there is none on the host. Only to know which agent it is
 * and what it needs: what runs is found again, inside.
 */
export function findProgram(name: string, searchPath: string | undefined, directory: string): string | undefined {
  const places = name.includes("/")
    ? [resolve(directory, name)]
    : (searchPath ?? "")
        .split(":")
        .filter((place) => place !== "")
        .map((place) => join(place, name));
  for (const place of places) {
    try {
      if (!statSync(place).isFile()) continue;
      accessSync(place, constants.X_OK);
      return realpathSync(place);
    } catch (error) {
      if (systemCodeOf(error) === undefined) throw error;
    }
  }
  return undefined;
}
