import type { Command } from "commander";
import type { BreakGlassOptions } from "./break-glass.ts";
import { append } from "../repeatable.ts";
import type { EvidenceOptions } from "./evidence.ts";
import type { ReportOptions } from "./report.ts";
import { addScope } from "./scope-options.ts";

type Done = (status: number) => void;

/** Emergencies, and looking at what was done. */
export function addReview(server: Command, done: Done): void {
  addBreakGlass(server, done);
  addNotify(server, done);
  addEvidence(server, done);
  server
    .command("report")
    .description("Who did what, oldest first: rights used and refused, answers, orders, roles, teams, policies.")
    .option("--person <ID>", "by or to a person, or about them")
    .option("--run <RUN>", "about a run, by its id")
    .option("--host <ID>", "about a host or its runs")
    .option("--team <ID>", "by or to who is in a team now, or about it")
    .option("--action <NAME>", "a right that was used or refused (killRun), or a type of entry (right.refused)")
    .option("--from <TIME>", "since when: `7d`, `2026-10-01`")
    .option("--to <TIME>", "until when")
    .option("--json", "one JSON object a line")
    .action(async (options: ReportOptions) => {
      done(await (await import("./report.ts")).reportCommand(options));
    });
}

function addEvidence(server: Command, done: Done): void {
  const evidence = server
    .command("evidence")
    .description(
      "Archives of evidence of what hosts sent, which `bailiwick evidence check` checks without the server.",
    );
  addScope(evidence.command("make", { isDefault: true }))
    .description("Makes one of the runs of a scope that you may read. Who made it of what is in the server's log.")
    .requiredOption("--reason <TEXT>", "why: in the server's log, and in the archive")
    .option("--from <TIME>", "runs that went on since: `7d`, `2026-10-01`")
    .option("--to <TIME>", "until when; default: now")
    .option("--label <KEY=VALUE>", "only runs that have it")
    .option("--framework <NAME>", "soc2, iso27001, nist-800-53 or eu-ai-act; may be given again; default: all", append)
    .option("--recordings", "with what terminals showed, of runs that you may replay")
    .option("--out <FILE>", "where to; default: evidence-SCOPE-DATE.zip here")
    .option("--json", "what was written as a JSON object")
    .addHelpText("after", EVIDENCE_HELP)
    .action(async (options: EvidenceOptions) => {
      done(await (await import("./evidence.ts")).makeEvidenceCommand(options));
    });
  evidence
    .command("list")
    .description("Those that were made: when, by whom, why, of which runs, with their digests; newest first.")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: true }) => {
      done(await (await import("./evidence.ts")).listEvidenceCommand(options));
    });
}

const EVIDENCE_HELP = `
Examples:
  $ bailiwick server evidence --team payments --from 2026-10-01 --to 2026-10-31 --reason "audit of October"
  $ bailiwick server evidence --run 01m85yfrjtrzzxfkwjj3tdgxnd --recordings --reason "ticket 4711"
  $ bailiwick evidence check evidence-run-2026-11-27.zip --key server.vkey
`;

function addBreakGlass(server: Command, done: Done): void {
  const breakGlass = server
    .command("break-glass")
    .description("Emergencies: the rights of the role break-glass for a time, with an alarm to the owners.");
  breakGlass
    .command("open", { isDefault: true })
    .description("Opens it: for who has the role.")
    .requiredOption("--reason <TEXT>", "why: told to the owners, and in the server's log")
    .option("--for <TIME>", "how long: 1m to 4h (default: 30m)")
    .option("--team <ID>", "only for what is this team's; without it for the company")
    .option("--json", "as a JSON object")
    .action(async (options: BreakGlassOptions) => {
      done(await (await import("./break-glass.ts")).breakGlassCommand(options));
    });
  breakGlass
    .command("list")
    .description("When it was opened, by whom and why, newest first.")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: true }) => {
      done(await (await import("./break-glass.ts")).listBreakGlassesCommand(options));
    });
  breakGlass
    .command("show")
    .description("All that was done and refused while it was open.")
    .argument("<id>", "see `bailiwick server break-glass list`")
    .option("--json", "one JSON object a line")
    .action(async (id: string, options: { json?: true }) => {
      done(await (await import("./break-glass.ts")).showBreakGlassCommand(id, options));
    });
  breakGlass
    .command("end")
    .description("Ends it before its time: one's own; any for who may take roles away.")
    .argument("<id>", "see `bailiwick server break-glass list`")
    .action(async (id: string) => {
      done(await (await import("./break-glass.ts")).endBreakGlassCommand(id));
    });
}

function addNotify(server: Command, done: Done): void {
  const notify = server.command("notify").description("Where people are told elsewhere, and whether that works.");
  notify
    .command("list", { isDefault: true })
    .description("What became of what was told last, and what waits.")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: true }) => {
      done(await (await import("./notify.ts")).listNotifyCommand(options));
    });
  notify
    .command("test")
    .description("Sends a test message; of mail to people, to oneself.")
    .argument("<name>", "of the `[[notify]]` in the server's file")
    .option("--json", "as a JSON object")
    .action(async (name: string, options: { json?: true }) => {
      done(await (await import("./notify.ts")).testNotifyCommand(name, options));
    });
}
