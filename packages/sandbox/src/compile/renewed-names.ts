import { rmdirSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { isErrno } from "@bailiwick/base";
import { isInside, lookAt, osPath, realPathOf } from "./host-files.ts";

/**
 * Takes away what the launcher put under a protection because somebody had removed what was there: the innermost first, and only what
 * is still empty and has nothing but the workspace's own directories above it.
 * @param paths in the order in which they were made, as they are inside, which below the workspace is as on the host
 */
export function removeMadeNames(workspace: string, paths: readonly string[]): void {
  for (const path of paths.toReversed()) {
    if (!isInside(workspace, path) || realPathOf(dirname(path)) !== dirname(path)) continue;
    const stat = lookAt(path);
    try {
      if (stat?.isDirectory() === true) rmdirSync(osPath(path));
      else if (stat?.isFile() === true && stat.size === 0) unlinkSync(osPath(path));
    } catch (error) {
      if (!isErrno(error, "ENOTEMPTY", "EEXIST", "ENOENT", "EACCES", "EPERM", "EROFS", "EBUSY")) throw error;
    }
  }
}
