import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { RunError } from "./errors.ts";

/** The person's own settings: `bailiwick` in the XDG configuration directory. No run may have it as, or in, its workspace. */
export function configDirectory(environment: NodeJS.ProcessEnv, home = environment["HOME"] || homedir()): string {
  const named = environment["XDG_CONFIG_HOME"];
  return join(named !== undefined && isAbsolute(named) ? named : join(home, ".config"), "bailiwick");
}

/** The person's home. @throws RunError RUN_HOME_INVALID */
export function homeOf(environment: NodeJS.ProcessEnv): string {
  const home = environment["HOME"] || homedir();
  if (isAbsolute(home)) return home;
  throw new RunError("RUN_HOME_INVALID", `\`HOME\` is not an absolute path: \`${home}\``, {
    remedy: "set it to your home directory, or unset it",
  });
}
