import type { Command } from "commander";
import { append } from "../repeatable.ts";

/** `audit verify`, `fsck`, `erase`, `retain` and `rotate-key`. */
export function addKeeping(audit: Command, done: (status: number) => void): void {
  addChecks(audit, done);
  audit
    .command("erase")
    .description(
      "Erases the personal data of runs. The record, its signatures and proofs stay, and say who erased and why.",
    )
    .argument("<runs...>", "ids, their beginnings or ends, names, or `last`")
    .requiredOption("--reason <TEXT>", "why; stays in the record")
    .option("--json", "what was erased as a JSON object")
    .addHelpText(
      "after",
      "\nExample:\n  $ bailiwick audit erase 01m85yfr --reason 'asked for by the person, ticket 4711'\n",
    )
    .action(async (runs: string[], options: { reason: string; json?: true }) => {
      done(await (await import("./erase.ts")).eraseCommand(runs, options));
    });
  audit
    .command("retain")
    .description("Erases the personal data of all runs that ended longer ago than some days.")
    .requiredOption("--days <N>", "how many days it is kept")
    .option("--dry-run", "only say which runs that would be")
    .option("--json", "the runs as a JSON object")
    .addHelpText("after", "\nExample:\n  $ bailiwick audit retain --days 90 --dry-run\n")
    .action(async (options: { days: string; dryRun?: true; json?: true }) => {
      done(await (await import("./erase.ts")).retainCommand(options));
    });
  audit
    .command("rotate-key")
    .description("Changes the key that signs the record; the old key signs that the new one follows it.")
    .option("--signer <FILE>", "a signer.toml: a command signs from now on (PKCS#11, a key service)")
    .option("--json", "both keys as a JSON object")
    .action(async (options: { signer?: string; json?: true }) => {
      done(await (await import("./rotate-key.ts")).rotateKeyCommand(options));
    });
}

function addChecks(audit: Command, done: (status: number) => void): void {
  audit
    .command("verify")
    .description("Checks that the record is whole, in order and signed; with a run, that the run's part is too.")
    .argument("[run]", "id, its beginning or end, name, or `last`")
    .option("--from <FILE>", "a checkpoint up to which it was verified before: only what follows is read")
    .option("--against <FILE|DIR>", "a checkpoint from elsewhere, or a copy of the log; may be given again", append)
    .option("--key <FILE|VKEY>", "a verifier key of the log, any since its first; default: that beside the record")
    .option("--ask-witnesses", "ask this host's witnesses what they remember, and check that too")
    .option("--json", "the findings as a JSON object")
    .addHelpText("after", "\nExample:\n  $ bailiwick audit verify --key host.vkey --against /backup/log\n")
    .action(async (run: string | undefined, options: Parameters<VerifyCommand>[1]) => {
      done(await (await import("./verify.ts")).verifyCommand(run, options));
    });
  audit
    .command("fsck")
    .description(
      "Says what of the record's files is leftover, damaged or missing. Exit status: 1 when more than leftovers are found.",
    )
    .option("--repair", "make tiles anew from entries that are proven, and remove leftovers")
    .option("--json", "the findings as a JSON object")
    .action(async (options: { repair?: true; json?: true }) => {
      done(await (await import("./fsck.ts")).fsckCommand(options));
    });
}

type VerifyCommand = (typeof import("./verify.ts"))["verifyCommand"];
