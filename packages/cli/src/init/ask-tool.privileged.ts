import { execFileSync } from "node:child_process";
import type { Surroundings } from "./findings.ts";

const TIMEOUT_MS = 15_000;

/**
 * Asks programs of the person what they are configured to do.
 * SAFETY: started in the home, never in the project, whose files could make a tool run what it says (Go's toolchain line, plugins
 * of Maven); arguments are ours alone, without a shell; what they print is parsed, not run.
 */
export function askIn(home: string, environment: NodeJS.ProcessEnv): Surroundings["ask"] {
  return (command, args) => {
    try {
      return execFileSync(command, args, {
        cwd: home,
        env: { ...environment, GOTOOLCHAIN: "local", NO_COLOR: "1" },
        encoding: "utf8",
        timeout: TIMEOUT_MS,
        stdio: ["ignore", "pipe", "ignore"],
      }).trim();
    } catch (error) {
      // Not there, failed or too slow: there is no answer.
      if (error instanceof Error) return undefined;
      throw error;
    }
  };
}
