import { checkProof, readVerifierKey, reportText, type ProofReport, type ProofTrust } from "@bailiwick/audit";
import { escapeControls } from "@bailiwick/base";
import { locateStateDirectory } from "@bailiwick/run";
import { CliError } from "../errors.ts";
import { paintFor } from "../format.ts";
import { readInput, readKey } from "./files.ts";

/** More than any proof has; what is longer is read no further. */
const MAX_BYTES = 2 << 20;

export interface TrustOptions {
  readonly key?: string;
  readonly witness?: readonly string[];
  readonly quorum?: string;
}

interface CheckOptions extends TrustOptions {
  readonly json?: true;
}

/** 0: proven. 1: not so, and why. */
export async function checkCommand(path: string, options: CheckOptions): Promise<number> {
  const report = await checkProof(readInput(path, MAX_BYTES), await readTrust(options));
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : textOf(report));
  return report.ok ? 0 : 1;
}

/** Whom a check believes: what was said, or this host's own log. */
export async function readTrust(options: TrustOptions): Promise<ProofTrust> {
  const logKey =
    options.key === undefined ? await readVerifierKey(locateStateDirectory(process.env).log) : readKey(options.key);
  const witnesses = (options.witness ?? []).map(readKey);
  return { logKey, witnesses, quorum: readQuorum(options.quorum, witnesses.length) };
}

function readQuorum(text: string | undefined, witnesses: number): number {
  if (text === undefined) return witnesses;
  if (/^[0-9]{1,3}$/.test(text) && Number(text) <= witnesses) return Number(text);
  throw new CliError("CLI_USAGE", `\`--quorum ${text}\` is not a number from 0 to ${String(witnesses)}`, {
    remedy: "give at least as many `--witness` as are needed",
  });
}

function textOf(report: ProofReport): string {
  const paint = paintFor(process.stdout, process.env);
  const { verdict, rows } = reportText(report);
  const lines = rows.map(([name, text]) => `  ${paint("dim", name.padEnd(10))} ${escapeControls(text)}\n`);
  return `${paint(report.ok ? "green" : "red", verdict)}\n${lines.join("")}`;
}
