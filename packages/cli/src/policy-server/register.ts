import type { Command } from "commander";
import { append } from "../repeatable.ts";
import type { DraftOptions } from "./draft.ts";
import type { RollOutOptions } from "./roll-out.ts";
import type { ScopeOptions } from "./scope.ts";

type Done = (status: number) => void;
interface Json {
  readonly json?: true;
}

/** The life of policies at the server one is signed in at, and what of them this host has. */
export function addServerPolicies(policy: Command, done: Done): void {
  addReview(policy, done);
  addRollOut(policy, done);
}

function scoped(command: Command): Command {
  return command
    .option("--company", "the company's layer")
    .option("--team <ID>", "a team's layer")
    .option("--project <NAME>", "a project's layer")
    .option("--person <ID>", "a person's layer");
}

function addReview(policy: Command, done: Done): void {
  scoped(policy.command("draft"))
    .description("Drafts what a layer says at the server: `*.cedar`, `*.test.toml` and `profile.toml` of a directory.")
    .argument("<directory>", "which holds them")
    .option("--why <TEXT>", "for whoever reviews it")
    .option("--required-within <TIME>", "hosts that have not heard the server for so long start no run: 1h to 366d")
    .option("--from-proposal <ID>", "what somebody who answered a question wanted to be policy: becomes a test of it")
    .option("--json", "as a JSON object")
    .action(async (directory: string, options: DraftOptions) => {
      done(await (await import("./draft.ts")).draftCommand(directory, options));
    });
  const ofVersion = (name: string, description: string): Command =>
    policy
      .command(name)
      .description(description)
      .argument("<version>", "as `policy log` has it")
      .option("--json", "as a JSON object");
  ofVersion("review", "Shows a draft against what holds now.").action(async (version: string, options: Json) => {
    done(await (await import("./review.ts")).reviewCommand(version, options));
  });
  ofVersion("what-if", "Says what a version would have decided of recorded runs that one may read.")
    .option("--days <N>", "runs of the last days", "7")
    .action(async (version: string, options: Json & { days: string }) => {
      done(await (await import("./review.ts")).whatIfCommand(version, options));
    });
  ofVersion("approve", "Says yes to a draft, as somebody who did not write it.")
    .option("--why <TEXT>", "for the log")
    .action(async (version: string, options: Json & { why?: string }) => {
      done(await (await import("./review.ts")).approveCommand(version, options));
    });
  ofVersion("reject", "Says no to a draft.")
    .requiredOption("--why <TEXT>", "for its author, and the log")
    .action(async (version: string, options: Json & { why: string }) => {
      done(await (await import("./review.ts")).rejectCommand(version, options));
    });
  policy
    .command("log")
    .description("Drafts, reviews, roll-outs and rollbacks at the server, newest first.")
    .option("--json", "one JSON object a line")
    .action(async (options: Json) => {
      done(await (await import("./review.ts")).logCommand(options));
    });
}

function addRollOut(policy: Command, done: Done): void {
  policy
    .command("rollout")
    .description("Has an approved version hold for hosts of its scope: all, a part, or some first.")
    .argument("<version>", "as `policy log` has it")
    .option("--percent <N>", "a share of the hosts, 0 to 100: always the same ones first")
    .option("--team <ID>", "the hosts of a team first; may be given again", append)
    .option("--host <ID>", "a host first; may be given again", append)
    .option("--json", "as a JSON object")
    .action(async (version: string, options: RollOutOptions) => {
      done(await (await import("./roll-out.ts")).rollOutCommand(version, options));
    });
  scoped(policy.command("promote"))
    .description("Has what is being rolled out for a layer hold for more hosts; lets a halted one go on.")
    .argument("<percent>", "1 to 100")
    .option("--json", "as a JSON object")
    .action(async (percent: string, options: Json & ScopeOptions) => {
      done(await (await import("./roll-out.ts")).promoteCommand(percent, options));
    });
  scoped(policy.command("halt"))
    .description("No host gets what is being rolled out for a layer that does not have it already.")
    .requiredOption("--reason <TEXT>", "for the log")
    .option("--json", "as a JSON object")
    .action(async (options: Json & ScopeOptions & { reason: string }) => {
      done(await (await import("./roll-out.ts")).haltCommand(options));
    });
  scoped(policy.command("rollback"))
    .description("Puts back what held for all hosts of a layer before, at once.")
    .requiredOption("--reason <TEXT>", "for the log")
    .option("--to <VERSION>", "an earlier one that held for all")
    .option("--json", "as a JSON object")
    .action(async (options: Json & ScopeOptions & { reason: string; to?: string }) => {
      done(await (await import("./roll-out.ts")).rollBackCommand(options));
    });
  policy
    .command("drift")
    .description("Which policies each host has, since when it is behind, and what it refused.")
    .option("--json", "one JSON object a line")
    .action(async (options: Json) => {
      done(await (await import("./roll-out.ts")).driftCommand(options));
    });
  policy
    .command("status")
    .description("Which policies this host has of its server.")
    .option("--json", "as a JSON object")
    .action(async (options: Json) => {
      done(await (await import("./roll-out.ts")).statusCommand(options));
    });
}
