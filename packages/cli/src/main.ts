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
  } catch (error) {
    reportError(error);
    process.exitCode = STATUS.failed;
  }
}

async function main([verb, ...rest]: readonly string[]): Promise<number> {
  if (verb === "run") {
    keepStreamsBlocking();
    const { leave, runCommand } = await import("./run/command.ts");
    const status = await runCommand(rest);
    // Nothing that was left open must keep the caller of a finished run waiting.
    if (status !== "help") leave(status);
  }
  const { runProgram } = await import("./program.ts");
  return await runProgram(words);
}
