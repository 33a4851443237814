import type { Command } from "commander";

/** `bailiwick export …`: the record, sent to where others watch. */
export function addExport(program: Command, done: (status: number) => void): void {
  const exporting = program
    .command("export")
    .description("Sends the record to others: SIEM, collector, webhook, file.");
  exporting
    .command("run")
    .description(
      "Sends what the record has and gets, until it is ended: a service. At least once, from a durable cursor.",
    )
    .argument("<name>", "a destination of exports.toml")
    .option("--from <INDEX|start|now>", "move the cursor first")
    .addHelpText("after", EXAMPLES)
    .action(async (name: string, options: { from?: string }) => {
      done(await (await import("./run.ts")).runExportCommand(name, options));
    });
  exporting
    .command("once")
    .description("Sends what the record has now.")
    .argument("[names...]", "destinations of exports.toml; all by default")
    .option("--from <INDEX|start|now>", "move the cursor first")
    .option("--json", "say what was sent as JSON objects, one a line, on standard error")
    .action(async (names: string[], options: { from?: string; json?: true }) => {
      done(await (await import("./run.ts")).onceCommand(names, options));
    });
  exporting
    .command("list", { isDefault: true })
    .description("Lists the destinations of exports.toml.")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: true }) => {
      done(await (await import("./status.ts")).listExportsCommand(options));
    });
  exporting
    .command("status")
    .description("Says how far each destination is; exits with 1 when one fails.")
    .argument("[name]", "a destination; all by default")
    .option("--json", "one JSON object a line")
    .action(async (name: string | undefined, options: { json?: true }) => {
      done(await (await import("./status.ts")).exportStatusCommand(name, options));
    });
  exporting
    .command("print")
    .description("Prints what would be sent.")
    .argument("[run]", "id, its beginning or end, name, `last`, or `all`", "last")
    .option("--format <FORMAT>", "ocsf, ocsf-1.9, otlp, syslog, cef, event", "ocsf")
    .addHelpText("after", "\nExample:\n  $ bailiwick export print --format cef last\n")
    .action(async (run: string, options: { format: string }) => {
      done(await (await import("./print.ts")).printCommand(run, options));
    });
}

const EXAMPLES = `
Example:
  $ bailiwick export run siem          # with [destinations.siem] in exports.toml; see docs/exports.md
`;
