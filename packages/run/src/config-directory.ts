import { isAbsolute, join } from "node:path";

/** The person's own settings: `bailiwick` in the XDG configuration directory. No run may have it as, or in, its workspace. */
export function configDirectory(environment: NodeJS.ProcessEnv, home: string): string {
  const named = environment["XDG_CONFIG_HOME"];
  return join(named !== undefined && isAbsolute(named) ? named : join(home, ".config"), "bailiwick");
}
