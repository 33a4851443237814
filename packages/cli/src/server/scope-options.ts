import type { Command } from "commander";

/** Which runs are meant: exactly one of these is to be given. */
export function addScope(command: Command): Command {
  return command
    .option("--run <RUN>", "one run, by its id")
    .option("--person <ID>", "all runs of a person's hosts")
    .option("--agent <NAME>", "all runs of an agent")
    .option("--project <NAME>", "all runs in a project")
    .option("--host <ID>", "all runs of a host")
    .option("--team <ID>", "all runs of a team's people")
    .option("--all", "all runs of all hosts");
}
