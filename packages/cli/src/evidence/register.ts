import type { Command } from "commander";
import type { CheckEvidenceOptions } from "./check-command.ts";
import type { EvidenceCommandOptions } from "./evidence-command.ts";
import { append } from "../repeatable.ts";

/** `bailiwick evidence` and `evidence check`. Names of frameworks are told here again, so that help needs none of it. */
export function addEvidence(program: Command, done: (status: number) => void): void {
  const evidence = program
    .command("evidence")
    .description("Writes a signed archive of what happened in a period, with proofs and a report for auditors.")
    .option("--from <TIME>", "the period's beginning", "30d")
    .option("--to <TIME>", "its end; default: now")
    .option("--project <DIR>", "only runs of this workspace")
    .option(
      "--framework <NAME>",
      "soc2, iso27001, nist-800-53 or eu-ai-act: maps its controls to entries; may be given again; default: all",
      append,
    )
    .option("--out <FILE>", "where to; default: evidence-FROM-TO.zip here")
    .option("--json", "what was written as a JSON object")
    .addHelpText("after", HELP)
    .action(async (options: EvidenceCommandOptions) => {
      done(await (await import("./evidence-command.ts")).evidenceCommand(options));
    });
  evidence
    .command("check")
    .description("Checks an archive, offline. Exit status: 0 it holds, 1 not so, 125 could not look.")
    .argument("<archive>", "the file, or `-` for standard input")
    .option("--key <FILE|VKEY>", "the log's verifier key; default: that of this host")
    .option("--witness <VKEY>", "a witness's key whose cosignature counts; may be given again", append)
    .option("--quorum <N>", "how many of them must have cosigned each proof; default: all that are given")
    .option("--json", "the findings as a JSON object")
    .addHelpText("after", "\nExample:\n  $ bailiwick evidence check evidence.zip --key host.vkey\n")
    .action(async (archive: string, options: CheckEvidenceOptions) => {
      done(await (await import("./check-command.ts")).checkEvidenceCommand(archive, options));
    });
}

const HELP = `
Times: 30d, 12h, today, yesterday, 2026-11-01, 2026-11-01T09:30 in local time, 2026-11-01T09:30:00Z in UTC.

Examples:
  $ bailiwick evidence --from 2026-10-01 --to 2026-10-31 --framework soc2 --out october.zip
  $ bailiwick evidence --from 7d --project ~/projects/shop

Exit status: 0 written, 1 written and the record did not verify, 125 nothing was written.
`;
