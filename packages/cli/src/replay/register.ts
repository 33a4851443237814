import type { Command } from "commander";

/** `bailiwick replay`. */
export function addReplay(program: Command, done: (status: number) => void): void {
  program
    .command("replay")
    .description("Plays the recorded terminal of a run, with its commands, decisions and connections beside it.")
    .argument("[run]", "id, its beginning or end, name, or `last`", "last")
    .option("--at <TIME>", "begin there: `90`, `1:30` or `1m30s`")
    .option("--speed <NUMBER>", "0.1 to 100 times as fast", "1")
    .option("--idle-limit <SECONDS>", "wait no longer than this where nothing happens")
    .option("--json", "recording and events as one timeline, one JSON object a line")
    .addHelpText("after", HELP)
    .action(async (run: string, options: Parameters<ReplayCommand>[1]) => {
      done(await (await import("./replay-command.ts")).replayCommand(run, options));
    });
}

type ReplayCommand = (typeof import("./replay-command.ts"))["replayCommand"];

const HELP = `
Keys: space pauses, ← and → go 5 s, [ and ] to the refusal before and after, + and - change the speed, q quits.
Where the output is no terminal, the recorded text is written at once, without what could do anything but be read.

Examples:
  $ bailiwick replay --idle-limit 2
  $ bailiwick replay 01m85yfr --at 1:30 --speed 4
  $ bailiwick replay last --json | jq 'select(.type == "event").event.type'
`;
