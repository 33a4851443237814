import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";

// SAFETY: it reads where this process keeps compiled code, and nothing else of it.

/** The variables of a worker of this process: none but where Node keeps compiled code, if it does, which it asks for in each thread (`NODE_COMPILE_CACHE`). */
export function workerEnvironment(): Readonly<Record<string, string>> {
  const versioned = getCompileCacheDir();
  return versioned === undefined ? {} : { NODE_COMPILE_CACHE: dirname(versioned) };
}
