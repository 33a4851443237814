import { isatty } from "node:tty";
import { escapeControls } from "@bailiwick/base";
import {
  accountName,
  startRun,
  type Approver,
  type RunObserver,
  type RunOptions,
  type RunOutcome,
} from "@bailiwick/run";
import { rawEnvironment } from "../raw-arguments.ts";
import { reportError, STATUS, writeError } from "../report.ts";
import { VERSION } from "../version.ts";
import {
  parseBudgets,
  parseLabels,
  parseRunArguments,
  usage,
  type RunArguments,
  type RunOptionName,
} from "./options.ts";
import { starterOf } from "./starter.ts";
import type { Verified } from "./summary.ts";
import { uplinkFor } from "./uplink.ts";

/** Without an answer for so long, a question is a no. */
const ANSWER_MS = 10 * 60_000;

export { leave } from "./leave.ts";

/** `bailiwick run`: the exit status, or `help` when that was asked for. */
export async function runCommand(words: readonly string[]): Promise<number | "help"> {
  try {
    const parsed = parseRunArguments(words);
    if (parsed.help) return "help";
    const options = await runOptions(parsed);
    const wantsNobody = parsed.options.get("approvals")?.[0] === "deny";
    const uplink = uplinkFor(options.hostEnvironment, wantsNobody ? undefined : ANSWER_MS);
    await uplink.prepare((text) => {
      options.observer.say(text);
    });
    const starter = starterOf(process);
    const outcome = await startRun(uplink.watch(starter.watch(options)));
    await uplink.finish();
    await conclude(outcome, parsed);
    await starter.tell(outcome);
    return outcome.status;
  } catch (error) {
    reportError(error);
    return STATUS.failed;
  }
}

async function runOptions(parsed: RunArguments): Promise<RunOptions> {
  const { options, command } = parsed;
  const [program, ...rest] = command;
  if (program === undefined) throw usage("there is no command to run");
  const one = (name: RunOptionName): string | undefined => options.get(name)?.[0];
  const terminal = isatty(0) && isatty(1);
  return {
    command: [program, ...rest],
    workspace: one("workspace") ?? ".",
    profile: one("profile"),
    policies: options.get("policy") ?? [],
    home: oneOf("home", one("home"), ["kept", "ephemeral"]),
    environment: options.get("env") ?? [],
    allowHosts: options.get("allow-host") ?? [],
    publish: (options.get("publish") ?? []).map(parsePort),
    budgets: parseBudgets(options.get("budget") ?? []),
    name: one("name"),
    labels: parseLabels(options.get("label") ?? []),
    approver: await approverFor(oneOf("approvals", one("approvals"), ["terminal", "deny"]), terminal),
    desk: undefined,
    version: VERSION,
    hostEnvironment: rawEnvironment(process.env),
    terminal,
    observer: observerFor(parsed),
  };
}

function oneOf<T extends string>(name: RunOptionName, value: string | undefined, known: readonly T[]): T | undefined {
  const found = known.find((each) => each === value);
  if (value !== undefined && found === undefined)
    throw usage(`\`--${name}\` is one of ${known.join(", ")}, not \`${value}\``);
  return found;
}

function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw usage(`\`--publish\` needs a port from 1 to 65535, not \`${text}\``);
  return port;
}

async function approverFor(
  wanted: "terminal" | "deny" | undefined,
  terminal: boolean,
): Promise<RunOptions["approver"]> {
  if (wanted === "deny") return { nobody: "the run was started with `--approvals deny`" };
  // Without a terminal of its own the command may still have been started from one; that one is asked only if it was asked for.
  if (!terminal && wanted === undefined) return { nobody: "the run has no terminal" };
  const { TerminalApprover } = await import("./terminal-approver.ts");
  const color = process.env["NO_COLOR"] === undefined || process.env["NO_COLOR"] === "";
  const approver: Approver = new TerminalApprover({
    by: accountName(),
    path: "/dev/tty",
    patienceMs: ANSWER_MS,
    settleMs: 500,
    color,
  });
  return approver;
}

/** Nothing is written while the command runs but what can't wait: refusals are on the caller's own stderr, where an agent reads them. */
function observerFor({ options }: RunArguments): RunObserver {
  const json = options.has("json");
  return {
    started: () => undefined,
    event: (event) => {
      if (json) writeError(`${JSON.stringify(event)}\n`);
    },
    say: (text) => {
      const line = escapeControls(text);
      // The terminal is the run's, and raw: a line feed alone would leave the cursor in its column.
      const end = isatty(2) ? "\r\n" : "\n";
      writeError(json ? `${JSON.stringify({ type: "note", text: line })}\n` : `bailiwick: ${line}${end}`);
    },
  };
}

/**
 * The summary: for a person at a terminal, for a program that asked for it, and for whoever reads a log when there is something
 * to tell. A run in a pipe that went as it should leaves the output alone.
 */
async function conclude(outcome: RunOutcome, { options }: RunArguments): Promise<void> {
  const { refused, asked, hostsRefused, requestsRefused, alarms } = outcome.counts;
  const { witnessed } = outcome.record;
  const unwitnessed = witnessed?.required === true && !witnessed.met;
  const told =
    outcome.reason !== "exited" ||
    refused + asked + hostsRefused + requestsRefused + alarms + outcome.budgets.length > 0 ||
    unwitnessed;
  const wanted = options.has("json") || (!options.has("quiet") && (isatty(2) || told));
  if (!wanted && outcome.reason === "exited") return;
  const verified = await verify(outcome);
  // Most runs in a pipe have none, and what paints it takes 3 ms to load.
  const [{ summaryJson, summaryText }, { paintFor }] = await Promise.all([
    import("./summary.ts"),
    import("../format.ts"),
  ]);
  const text = options.has("json")
    ? `${summaryJson(outcome, verified)}\n`
    : summaryText(outcome, verified, paintFor(process.stderr, process.env));
  writeError(text);
}

async function verify({ record: { directory, head, range }, run }: RunOutcome): Promise<Verified> {
  if (head === undefined || range === undefined) return { unknown: "its end could not be written" };
  const { verifyLog } = await import("@bailiwick/audit");
  const { ok } = await verifyLog(directory, { run, range, remembered: [head] });
  return { ok };
}
