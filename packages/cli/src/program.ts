import tab from "@bomb.sh/tab/commander";
import { Command, CommanderError, Option } from "commander";
import { addKeeping } from "./audit/register-keeping.ts";
import { addProofs } from "./audit/register-proofs.ts";
import { addWitness } from "./audit/register-witness.ts";
import { addReplay } from "./replay/register.ts";
import { addExport } from "./export/register.ts";
import { STATUS } from "./report.ts";
import { RUN_OPTIONS } from "./run/options.ts";
import { addEvidence } from "./evidence/register.ts";
import { addSearch } from "./search/register.ts";
import { addFleet } from "./fleet/register.ts";
import { addServer } from "./server/register.ts";
import { VERSION } from "./version.ts";
import type { ExplainOptions } from "./policy/explain.ts";
import type { ReplayPolicyOptions } from "./policy/replay.ts";
import { addServerPolicies } from "./policy-server/register.ts";
import { append } from "./repeatable.ts";

/** Runs a verb and returns the exit status of the process. Verbs are loaded when they are called. */
export async function runProgram(words: readonly string[]): Promise<number> {
  let status = 0;
  // A reader that went away (`| head`) is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  const program = buildProgram((outcome) => {
    status = outcome;
  });
  try {
    await program.parseAsync(words, { from: "user" });
    return status;
  } catch (error) {
    // Help and version end this way too, with 0; what was wrong has been said.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : STATUS.failed;
    throw error;
  }
}

type Done = (status: number) => void;

/** The whole command line: what help and completion show. */
export function buildProgram(done: Done): Command {
  const program = new Command("bailiwick");
  // Before the verbs, which inherit them.
  program.exitOverride().configureOutput({ outputError: sayError }).enablePositionalOptions();
  program
    .description(
      "Runs coding agents inside a boundary that the kernel enforces, decides what they start, and keeps the record.",
    )
    .version(VERSION, "-V, --version")
    .addHelpText("after", examples("bailiwick run -- claude", "bailiwick runs tail -f", "bailiwick doctor") + STATUSES);
  addRun(program);
  addRuns(program, done);
  addReplay(program, done);
  addSearch(program, done);
  addExport(program, done);
  addPolicy(program, done);
  addOthers(program, done);
  addEvidence(program, done);
  addServer(program, done);
  addFleet(program, done);
  tab(program, { completionCommandName: "completion" });
  return program;
}

/** For help and completion only: `run` itself is parsed by `parseRunArguments`, from the same table. */
function addRun(program: Command): void {
  const run = program
    .command("run")
    .description("Runs a command inside the boundary: everything it starts is decided and recorded.")
    .usage("[options] -- COMMAND [ARG…]")
    .argument("[command...]", "the command and its arguments, as they are");
  for (const [name, { value, help }] of Object.entries<{ value: string | undefined; help: string }>(RUN_OPTIONS)) {
    const option = new Option(`--${name}${value === undefined ? "" : ` <${value}>`}`, help);
    if (value !== undefined && /^[a-z|]+$/.test(value)) option.choices(value.split("|"));
    run.addOption(option);
  }
  run.addHelpText(
    "after",
    examples(
      "bailiwick run -- claude",
      "bailiwick run --profile ci.toml --approvals deny -- codex exec 'fix the tests'",
      "bailiwick run --allow-host registry.example:443 --env CI=1 -- npm test",
      "bailiwick run --publish 3000 -- npm start",
    ) + STATUSES,
  );
}

function addRuns(program: Command, done: Done): void {
  const runs = program.command("runs").description("Shows runs: what is going on, and what happened.");
  runs
    .command("list", { isDefault: true })
    .description("Lists runs, newest first.")
    .option("-n, --limit <number>", "how many", "20")
    .option("--json", "one JSON object a line")
    .option("--server", "those of all hosts, as far as one may see them")
    .option("--label <KEY[=VALUE]>", "only those that were started with this label; may be given again", append)
    .addHelpText("after", examples("bailiwick runs list --label team=payments"))
    .action(async (options: { limit: string; json?: true; server?: true; label?: string[] }) => {
      done(await (await import("./runs/list.ts")).listRunsCommand(options));
    });
  runs
    .command("show")
    .description("Shows a run as a tree of commands, with decisions and durations.")
    .argument("[run]", "id, its beginning or end, name, or `last`", "last")
    .option("--json", "the run's events, one JSON object a line")
    .option("--why <process>", "why a process ran, by its pid or as `exec:NUMBER`: prompt, answer, call, what it did")
    .addHelpText(
      "after",
      examples(
        "bailiwick runs show",
        "bailiwick runs show last --json | jq .type",
        "bailiwick runs show --why exec:12",
      ),
    )
    .action(async (run: string, options: { json?: true; why?: string }) => {
      done(await (await import("./runs/show.ts")).showRunCommand(run, options));
    });
  runs
    .command("tail")
    .description("Shows a run's events as they come.")
    .argument("[run]", "id, its beginning or end, name, or `last`", "last")
    .option("-f, --follow", "go on until the run ends")
    .option("--json", "events, one JSON object a line")
    .option("--server", "a run of any host, as far as one may watch it")
    .addHelpText("after", examples("bailiwick runs tail -f", "bailiwick runs tail -f --server last"))
    .action(async (run: string, options: { follow?: true; json?: true; server?: true }) => {
      done(await (await import("./runs/tail.ts")).tailRunCommand(run, options));
    });
  program
    .command("kill")
    .description("Ends a run and everything in it, at once.")
    .argument("<run>", "id, its beginning or end, name, or `last`")
    .addHelpText("after", examples("bailiwick kill last"))
    .action(async (run: string) => {
      done(await (await import("./runs/kill.ts")).killRunCommand(run));
    });
}

const RULES_OF_PROFILE = ["--profile <NAME|FILE>", "a profile whose rule sets are part of the set"] as const;

function addPolicy(program: Command, done: Done): void {
  const policy = program
    .command("policy")
    .description(
      "Checks, tests, explains and formats policies (Cedar); drafts, reviews and rolls them out at a server.",
    );
  policy
    .command("check")
    .description("Validates policies against the schema; without any, those of this project and the standard ones.")
    .argument("[policies...]", "files, or directories of `*.cedar` files")
    .option(...RULES_OF_PROFILE)
    .action(async (paths: string[], options: { profile?: string }) => {
      done(await (await import("./policy/check.ts")).checkPolicyCommand(paths, options));
    });
  policy
    .command("test")
    .description("Runs the tests beside policies (`*.test.toml`).")
    .argument(
      "[policies...]",
      "files, or directories of `*.cedar` and `*.test.toml` files; without any, this project's",
    )
    .option(...RULES_OF_PROFILE)
    .addHelpText("after", TEST_FORM)
    .action(async (paths: string[], options: { profile?: string }) => {
      done(await (await import("./policy/test.ts")).testPolicyCommand(paths, options));
    });
  policy
    .command("explain")
    .description(
      "Says what would be decided of a command or a request of a run here, and by which policies, without making it.",
    )
    .usage("[options] -- COMMAND [ARG…]")
    .argument("[command...]", "the command and its arguments")
    .option("--request <METHOD URL>", "a request over HTTP in place of a command, where its connection is looked into")
    .option("--policy <FILE|DIR>", "policies beside those that a run here has; may be given again", append)
    .option("--profile <NAME|FILE>", "as for `bailiwick run`: without it this project's own, or `standard`")
    .option("--agent <NAME>", "the agent, which policies may speak of", "agent")
    .option("--label <KEY=VALUE>", "a label of the run, which policies may speak of; may be given again", append)
    .option("--json", "the decision as a JSON object")
    .passThroughOptions()
    .addHelpText(
      "after",
      examples(
        "bailiwick policy explain -- git push --force",
        "bailiwick policy explain --profile ci.toml --request 'POST https://api.github.com/gists'",
      ),
    )
    .action(async (command: string[], options: ExplainOptions) => {
      done(await (await import("./policy/explain.ts")).explainPolicyCommand(command, options));
    });
  policy
    .command("replay")
    .description("Says what policies would have decided of what was recorded: refused, asked, allowed otherwise.")
    .argument("[runs...]", "ids, beginnings or ends of them, names, or `last`; without any, all of the record")
    .option("--policy <FILE|DIR>", "policies beside the standard ones; may be given again", append)
    .option(...RULES_OF_PROFILE)
    .option("--against <FILE|DIR>", "compare with these instead of what was decided; may be given again", append)
    .option("--from <TIME>", "only what was decided since, as `search` takes times: `7d`, `2026-10-01`")
    .option("--to <TIME>", "only what was decided until")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      examples("bailiwick policy replay --policy new.cedar", "bailiwick policy replay --policy new.cedar --from 7d"),
    )
    .action(async (runs: string[], options: ReplayPolicyOptions) => {
      done(await (await import("./policy/replay.ts")).replayPolicyCommand(runs, options));
    });
  policy
    .command("fmt")
    .description("Formats policies in place.")
    .argument("<policies...>", "files, or directories of `*.cedar` files")
    .option("--check", "change nothing; fail when something would change")
    .action(async (paths: string[], options: { check?: true }) => {
      done(await (await import("./policy/fmt.ts")).formatPolicyCommand(paths, options));
    });
  addServerPolicies(policy, done);
}

function addOthers(program: Command, done: Done): void {
  program
    .command("init")
    .description(
      "Writes a commented profile, policies and their tests for a project, from what its tools are set up to use.",
    )
    .argument("[directory]", "the project; the current directory by default")
    .option("--stdout", "print the files and write nothing")
    .option("--force", "write over what is there")
    .addHelpText("after", examples("bailiwick init", "bailiwick init --stdout ~/project"))
    .action(async (directory: string | undefined, options: { stdout?: true; force?: true }) => {
      done((await import("./init/init-command.ts")).initCommand({ directory, ...options }));
    });
  program
    .command("doctor")
    .description("Says what this host can enforce, what is missing, and how to get it.")
    .option("--json", "as a JSON object")
    .action(async (options: { json?: true }) => {
      done(await (await import("./doctor.ts")).doctorCommand(options));
    });
  const audit = program.command("audit").description("Works with the record.");
  addKeeping(audit, done);
  addProofs(audit, done);
  addWitness(audit, done);
}

const TEST_FORM = `
A test file stands beside its policy (push.cedar: push.test.toml):
  [[test]]
  name = "a force push is asked about"
  argv = ["git", "push", "--force"]   # or: host = "example.com", port = 443; with method, path: a request to it
  expect = "ask"                      # allow, ask, deny
  policy = "git.rewrite-remote"       # optional: it has to be the reason
`;

const STATUSES = `
Exit status: the command's own; 125 Bailiwick could not set up and nothing ran, 126 refused by policy, 127 no such
program, 128+n ended by signal n. State: $BAILIWICK_HOME, or bailiwick in the XDG state directory.
`;

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;
}

/** Commander's errors in the form of all others. */
function sayError(text: string, write: (text: string) => void): void {
  const [first = "", ...rest] = text.trimEnd().split("\n");
  write(`bailiwick: ${first.replace(/^error: /, "").replaceAll("'", "`")}\n`);
  for (const line of rest) write(`  ${line}\n`);
  write("  see `bailiwick --help`\n");
}
