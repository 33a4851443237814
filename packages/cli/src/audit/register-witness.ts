import type { Command } from "commander";
import { append } from "../repeatable.ts";

/** `audit witness …`: being one, and the ones this host uses. */
export function addWitness(audit: Command, done: (status: number) => void): void {
  const witness = audit.command("witness").description("Witnesses: others who remember the log, and being one.");
  witness
    .command("serve")
    .description("Is a witness: cosigns checkpoints of logs that only ever grow (C2SP tlog-witness, plain HTTP).")
    .requiredOption("--listen <HOST:PORT>", "where; port 0 takes one that is free")
    .requiredOption("--state <DIR>", "what it remembers, and its key; never put an older copy of it back")
    .requiredOption("--log <VKEY[=ORIGIN]>", "a log's verifier key; may be given again", append)
    .option("--name <NAME>", "the witness's name, for a new key; a URL without scheme, best")
    .option("--json", "one JSON object a line")
    .addHelpText(
      "after",
      '\nExample:\n  $ bailiwick audit witness serve --listen 10.0.0.5:8080 --state /var/lib/witness --log "$(ssh dev bailiwick audit key)"\n',
    )
    .action(async (options: { listen: string; state: string; log: string[]; name?: string; json?: true }) => {
      done(await (await import("./witness-serve.ts")).serveCommand(options));
    });
  witness
    .command("key")
    .description("Prints a witness's verifier key, one line; makes the key at the first use.")
    .requiredOption("--state <DIR>", "the witness's directory")
    .option("--name <NAME>", "the witness's name, for a new key")
    .option("--json", "as a JSON object")
    .action(async (options: { state: string; name?: string; json?: true }) => {
      done(await (await import("./witness-serve.ts")).witnessKeyCommand(options));
    });
  witness
    .command("add")
    .description("Makes a witness known to this host; profiles name it in `[record] witnesses`.")
    .argument("<name>", "what profiles call it")
    .argument("<url>", "where it takes checkpoints")
    .argument("<vkey>", "its verifier key, from its operator")
    .action(async (name: string, url: string, key: string) => {
      done(await (await import("./witness-list.ts")).addCommand({ name, url, key }));
    });
  witness
    .command("list", { isDefault: true })
    .description("Lists the witnesses of this host.")
    .option("--json", "one JSON object a line")
    .action(async (options: { json?: true }) => {
      done(await (await import("./witness-list.ts")).listCommand(options));
    });
  witness
    .command("remove")
    .description("Makes a witness unknown to this host.")
    .argument("<name>", "what profiles call it")
    .action(async (name: string) => {
      done(await (await import("./witness-list.ts")).removeCommand(name));
    });
}
