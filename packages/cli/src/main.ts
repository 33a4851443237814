import { reportError, STATUS } from "./report.ts";
import { rawArguments } from "./raw-arguments.ts";
import { keepStreamsBlocking } from "./run/blocking-streams.ts";

// Each verb loads only what it needs; `run` above all, whose start everybody waits for.
const words = rawArguments(process.argv);
// Who ends without having said how has failed.
process.exitCode = STATUS.failed;
void start();

async function start(): Promise<void> {
  try {
    process.exitCode = await main(words);
    // Nothing that was left open must keep the caller of a finished run waiting. What was written is written: on Linux Node's
    // standard streams are synchronous.
    if (words[0] === "run") process.exit();
  } catch (error) {
    reportError(error);
    process.exitCode = STATUS.failed;
  }
}

async function main([verb, ...rest]: readonly string[]): Promise<number> {
  if (verb === "run") {
    keepStreamsBlocking();
    const { runCommand } = await import("./run/command.ts");
    const status = await runCommand(rest);
    if (status !== "help") return status;
  }
  const { runProgram } = await import("./program.ts");
  return await runProgram(words);
}
