import { verifyLog, type Verification } from "@bailiwick/audit";
import { readWitnesses } from "@bailiwick/run";
import { count, paintFor } from "../format.ts";
import { knownRuns, selectRun } from "../runs/select.ts";
import { findVouchers, voucherLines } from "./vouchers.ts";

interface VerifyOptions {
  /** Asks the witnesses what they remember: without that, an older state of everything on this host looks whole. */
  readonly askWitnesses?: true;
  readonly json?: true;
}

/** 0: whole, in order and signed. 1: not so, and why. */
export async function verifyCommand(text: string | undefined, options: VerifyOptions): Promise<number> {
  const { state, runs } = await knownRuns(process.env);
  const run = text === undefined ? undefined : selectRun(runs, text).run;
  const vouchers = await findVouchers(state.log, await readWitnesses(process.env), options.askWitnesses === true);
  const remembered = vouchers.flatMap(({ head }) => head ?? []);
  const found = await verifyLog(state.log, { remembered, ...(run !== undefined && { run }) });
  if (options.json)
    process.stdout.write(`${JSON.stringify({ ...found, witnessed: vouchers, ...(run !== undefined && { run }) })}\n`);
  else process.stdout.write(verificationText(found, run) + voucherLines(vouchers, found));
  return found.ok ? 0 : 1;
}

function verificationText(found: Verification, run: string | undefined): string {
  const paint = paintFor(process.stdout, process.env);
  const what = run === undefined ? `the record, ${count(found.runs, "run")}` : `the run ${run}`;
  const head = found.head === undefined ? "" : `\n  tree head: ${String(found.head.size)} ${found.head.root}`;
  const key = found.origin === undefined ? "" : `\n  signed by: ${found.origin}`;
  if (found.ok) {
    const whole = `${what}, ${count(found.entries, "entry")}: whole, in order and signed`;
    return `${paint("green", "verified")} ${whole}${head}${key}\n`;
  }
  const problems = found.problems.map(({ kind, index, detail }) => {
    const where = index === undefined ? "" : ` at entry ${String(index)}`;
    return `  ${kind}${where}: ${detail}\n`;
  });
  return `${paint("red", "NOT VERIFIED")} ${what}: ${count(found.problems.length, "problem")}${head}${key}\n${problems.join("")}`;
}
