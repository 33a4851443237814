import type { Command } from "commander";
import { append } from "../repeatable.ts";
import type { RunnerOptions } from "./runner.ts";
import type { SubmitOptions } from "./submit.ts";
import type { AcceptOptions } from "./tasks.ts";

type Done = (status: number) => void;

/** Runs that hosts of the company do for people. */
export function addFleet(program: Command, done: Done): void {
  addSubmit(program, done);
  addRunner(program, done);
  addTasks(program, done);
}

function addSubmit(program: Command, done: Done): void {
  program
    .command("submit")
    .description("Has a task run by hosts of a pool: governed and recorded; a patch comes back.")
    .argument("<task>", "what the agent is told")
    .requiredOption("--pool <ID>", "see `bailiwick tasks pools`")
    .requiredOption("--agent <NAME>", "claude-code, codex, gemini-cli, opencode")
    .requiredOption("--repo <URL|PATH>", "where it is cloned from, by the host's own credentials")
    .option("--revision <NAME>", "a branch, tag or commit (default: the repository's own)")
    .option("--profile <NAME>", "a profile of the hosts", "standard")
    .option("--team <ID>", "which of one's teams it counts for (default: the first)")
    .option("--budget <NAME=AMOUNT>", "what it may use up: tokens=N, money=N; may be given again", append)
    .option("--timeout <TIME>", "10s to 1d (default: 1h)")
    .option("--priority <NUMBER>", "-10 to 10, among the tasks of one's own team (default: 0)")
    .option("--retries <NUMBER>", "how often it is run again when it failed: 0 to 5 (default: 0)")
    .option("--on-lost <WHAT>", "when its host was lost in the middle: retry or fail (default: retry)")
    .option("--wait", "until it is done; 0 when it succeeded")
    .option("--json", "the task as a JSON object")
    .addHelpText(
      "after",
      `\nExample:\n  $ bailiwick submit --pool builders --agent claude-code --repo https://git.example/team/shop "fix the flaky test"\n`,
    )
    .action(async (prompt: string, options: SubmitOptions) => {
      done(await (await import("./submit.ts")).submitCommand(prompt, options));
    });
}

function addRunner(program: Command, done: Done): void {
  program
    .command("runner")
    .description(
      "Takes tasks of a pool on this host, which is enrolled. SIGTERM: takes nothing more, and ends with its last; again: gives them back.",
    )
    .requiredOption("--pool <ID>", "the host has to be one of its hosts")
    .option("--slots <NUMBER>", "tasks at a time", "1")
    .option("--work <DIR>", "where repositories are cloned (default: bailiwick-tasks in the XDG cache directory)")
    .option("--drain", "has this host's runners of the pool take nothing more, and waits until they have ended")
    .option("--json", "one JSON object a line")
    .action(async (options: RunnerOptions) => {
      done(await (await import("./runner.ts")).runnerCommand(options));
    });
}

function addTasks(program: Command, done: Done): void {
  const tasks = program.command("tasks").description("Tasks that hosts of the company run.");
  const one = (name: string, description: string): Command =>
    tasks.command(name).description(description).argument("<task>", "its id, the beginning of it, or `last`");
  tasks
    .command("list", { isDefault: true })
    .description("Tasks, newest first.")
    .option("--pool <ID>", "of this pool alone")
    .option("--state <WHAT>", "open, review, done or all", "all")
    .option("--limit <NUMBER>", "1 to 1000", "50")
    .option("--json", "one JSON object a line")
    .action(async (options: { pool?: string; state: string; limit: string; json?: true }) => {
      done(await (await import("./tasks.ts")).listTasksCommand(options));
    });
  tasks
    .command("pools")
    .description("Pools, what they are for, and how much waits and runs there.")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: true }) => {
      done(await (await import("./tasks.ts")).listPoolsCommand(options));
    });
  one("show", "One task.")
    .option("--json", "as a JSON object")
    .action(async (id: string, options: { json?: true }) => {
      done(await (await import("./tasks.ts")).showTaskCommand(id, options));
    });
  one("diff", "What it changed.").action(async (id: string) => {
    done(await (await import("./tasks.ts")).diffTaskCommand(id));
  });
  one("logs", "The events of its run.")
    .option("-f, --follow", "and those to come")
    .option("--json", "one JSON object a line")
    .action(async (id: string, options: { follow?: true; json?: true }) => {
      done(await (await import("./tasks.ts")).logsTaskCommand(id, options));
    });
  one("cancel", "Ends it.")
    .option("--json", "as a JSON object")
    .action(async (id: string, options: { json?: true }) => {
      done(await (await import("./tasks.ts")).cancelTaskCommand(id, options));
    });
  one("accept", "Accepts its patch; puts it into the repository here where that is asked for. Pushes nothing.")
    .option("--branch <NAME>", "makes a new branch of it, on the commit that it is against")
    .option("--apply", "changes the files here")
    .option("--why <TEXT>", "for the server's log")
    .option("--json", "the task as a JSON object")
    .action(async (id: string, options: AcceptOptions) => {
      done(await (await import("./tasks.ts")).acceptTaskCommand(id, options));
    });
  one("reject", "Rejects its patch.")
    .option("--why <TEXT>", "for the server's log")
    .option("--json", "the task as a JSON object")
    .action(async (id: string, options: { why?: string; json?: true }) => {
      done(await (await import("./tasks.ts")).rejectTaskCommand(id, options));
    });
}
