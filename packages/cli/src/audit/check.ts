import { checkProof, readVerifierKey, type ProofReport } from "@bailiwick/audit";
import { escapeControls } from "@bailiwick/base";
import { locateStateDirectory } from "@bailiwick/run";
import { CliError } from "../errors.ts";
import { count, formatTime, paintFor } from "../format.ts";
import { readInput, readKey } from "./files.ts";

/** More than any proof has; what is longer is read no further. */
const MAX_BYTES = 2 << 20;

interface CheckOptions {
  readonly key?: string;
  readonly witness?: readonly string[];
  readonly quorum?: string;
  readonly json?: true;
}

/** 0: proven. 1: not so, and why. */
export async function checkCommand(path: string, options: CheckOptions): Promise<number> {
  const logKey =
    options.key === undefined ? await readVerifierKey(locateStateDirectory(process.env).log) : readKey(options.key);
  const witnesses = (options.witness ?? []).map(readKey);
  const quorum = readQuorum(options.quorum, witnesses.length);
  const report = await checkProof(readInput(path, MAX_BYTES), { logKey, witnesses, quorum });
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : reportText(report));
  return report.ok ? 0 : 1;
}

function readQuorum(text: string | undefined, witnesses: number): number {
  if (text === undefined) return witnesses;
  if (/^[0-9]{1,3}$/.test(text) && Number(text) <= witnesses) return Number(text);
  throw new CliError("CLI_USAGE", `\`--quorum ${text}\` is not a number from 0 to ${String(witnesses)}`, {
    remedy: "give at least as many `--witness` as are needed",
  });
}

function reportText(report: ProofReport): string {
  const paint = paintFor(process.stdout, process.env);
  const { problems, index, origin, head, entry, event, witnessed, quorum } = report;
  const where = index === undefined || head === undefined ? "" : ` entry ${String(index)} of ${String(head.size)}`;
  if (!report.ok) {
    const lines = problems.map(({ kind, detail }) => `  ${kind}: ${escapeControls(detail)}\n`);
    return `${paint("red", "NOT PROVEN")}${where}: ${count(problems.length, "problem")}\n${lines.join("")}`;
  }
  const what = event === undefined ? "none" : `${event.type} of run ${event.run}, ${formatTime(event.at)}`;
  const witnesses = witnessed.map(({ name, timeS }) => `${name} at ${formatTime(timeS * 1000)}`);
  const rows = [
    ["event", what],
    ["log", origin ?? ""],
    ["tree head", `${String(head?.size)} ${head?.root ?? ""}`],
    ["witnessed", witnesses.length === 0 ? "by nobody that was named" : `${witnesses.join(", ")} (quorum ${String(quorum)})`],
    ["entry", entry ?? ""],
  ];
  const lines = rows.map(([name = "", text = ""]) => `  ${paint("dim", name.padEnd(9))} ${escapeControls(text)}\n`);
  return `${paint("green", "proven")}${where}\n${lines.join("")}`;
}
