import type { Command } from "commander";

/** `bailiwick search`. The filters are told here again, so that help needs no index. */
export function addSearch(program: Command, done: (status: number) => void): void {
  program
    .command("search")
    .description("Finds commands, files, hosts, decisions and what terminals showed, in all runs.")
    .argument("<query...>", 'words, "phrases" and filters; all must hold, `-` before one excludes')
    .option("--limit <number>", "how many, newest first", "50")
    .option("--runs", "the runs that have something of it, and how much")
    .option("--server", "in the runs of all hosts, at the server where you are signed in")
    .option("--rebuild", "make the index anew from the record")
    .option("--json", "one JSON object a line")
    // `-word` and `-host:x` are parts of the query.
    .allowUnknownOption()
    .helpOption("--help", "display help for command")
    .addHelpText("after", HELP)
    .action(
      async (words: string[], options: { limit: string; runs?: true; server?: true; rebuild?: true; json?: true }) => {
        done(await (await import("./search-command.ts")).searchCommand(words, options));
      },
    );
}

const HELP = `
Filters:
  host:  file:  program:  policy:      exactly, or a pattern with * (file: also the end of a path)
  user:  agent:  project:  run:        of the run
  text:                                in what terminals showed only
  decision:refused|asked|allowed       how it was decided
  status:1  status:failed  status:SIGKILL
  since:2h  since:yesterday  until:2026-11-24T10:00

Examples:
  $ bailiwick search git push decision:refused since:7d
  $ bailiwick search 'host:*.example.com' --runs
  $ bailiwick search file:.env -program:cat
  $ bailiwick search 'text:"tests failed"'
  $ bailiwick search --server user:robin file:.env since:7d

Exit status: 0 something was found, 1 nothing was.
`;
