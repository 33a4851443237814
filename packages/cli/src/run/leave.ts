import { flushCompileCache } from "node:module";
import { findLauncher } from "@bailiwick/sandbox";

/**
 * Ends this process with a status, whatever its threads are at. `process.exit` waits for those of V8, and for ever when one of them that compiles waits
 * for garbage to be collected, which only this thread could begin (`CollectionBarrier::AwaitCollectionBackground` below `WorkerThreadsTaskRunner::Shutdown`, met
 * with Node 24.21). A program that takes the place of this one ends them all (execve(2)). What was written is written: on Linux Node's standard streams
 * are synchronous.
 * @param status 0 to 255
 */
export function leave(status: number): never {
  flushCompileCache();
  const launcher = launcherIfThere();
  if (launcher !== undefined) process.execve?.(launcher, ["bailiwick", "exit", String(status)], {});
  process.exit(status);
}

function launcherIfThere(): string | undefined {
  try {
    return findLauncher();
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}
