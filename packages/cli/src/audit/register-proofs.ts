import type { Command } from "commander";
import { append } from "../repeatable.ts";

/** `audit path`, `key`, `prove` and `check`. */
export function addProofs(audit: Command, done: (status: number) => void): void {
  audit
    .command("path")
    .description("Says where the log is: a directory in the form of C2SP tlog-tiles.")
    .option("--json", "as a JSON object")
    .action(async (options: { json?: true }) => {
      done(await (await import("./locate.ts")).pathCommand(options));
    });
  audit
    .command("key")
    .description("Prints the log's verifier key: what others need to check it, best given to them before they need it.")
    .option("--json", "as a JSON object")
    .action(async (options: { json?: true }) => {
      done(await (await import("./locate.ts")).keyCommand(options));
    });
  audit
    .command("prove")
    .description(
      "Writes a proof of one entry: one file that can be checked offline, without the log (C2SP tlog-proof).",
    )
    .argument("<entry>", "index of the entry, or a run: then its last entry")
    .option("--out <FILE>", "where to; default: standard output")
    .option("--public-only", "without the personal part of the event: its digest stays")
    .addHelpText(
      "after",
      "\nExamples:\n  $ bailiwick audit prove last --out run.tlog-proof\n  $ bailiwick audit prove 17 | less\n",
    )
    .action(async (entry: string, options: { out?: string; publicOnly?: true }) => {
      done(await (await import("./prove.ts")).proveCommand(entry, options));
    });
  audit
    .command("check")
    .description("Checks a proof, offline. Exit status: 0 proven, 1 not so, 125 could not look.")
    .argument("<proof>", "the file, or `-` for standard input")
    .option("--key <FILE|VKEY>", "the log's verifier key; default: that of this host")
    .option("--witness <VKEY>", "a witness's key whose cosignature counts; may be given again", append)
    .option("--quorum <N>", "how many of them must have cosigned; default: all that are given")
    .option("--json", "the findings as a JSON object")
    .addHelpText("after", "\nExample:\n  $ bailiwick audit check run.tlog-proof --key host.vkey\n")
    .action(async (proof: string, options: { key?: string; witness?: string[]; quorum?: string; json?: true }) => {
      done(await (await import("./check.ts")).checkCommand(proof, options));
    });
}
