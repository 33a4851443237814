import { openCopy, verifyLog, type OtherCheckpoint, type Verification } from "@bailiwick/audit";
import { locateStateDirectory, readWitnesses } from "@bailiwick/run";
import { count, paintFor } from "../format.ts";
import { CliError } from "../errors.ts";
import { Progress } from "../progress.ts";
import { knownRuns, selectRun } from "../runs/select.ts";
import { fileError, readInput, readKey } from "./files.ts";
import { findVouchers, voucherLines } from "./vouchers.ts";

/** A checkpoint is some hundred bytes, and a line for each witness. */
const MAX_CHECKPOINT_BYTES = 1 << 20;

interface VerifyOptions {
  /** Asks the witnesses what they remember: without that, an older state of everything on this host looks whole. */
  readonly askWitnesses?: true;
  /** File with a checkpoint up to which the record was verified before. */
  readonly from?: string;
  /** Checkpoints of this log from elsewhere, or copies of it. */
  readonly against?: readonly string[];
  /** A verifier key, or the file that holds it. */
  readonly key?: string;
  readonly json?: true;
}

/** 0: whole, in order and signed. 1: not so, and why. */
export async function verifyCommand(text: string | undefined, options: VerifyOptions): Promise<number> {
  if (text !== undefined && options.from !== undefined) {
    throw new CliError("CLI_USAGE", "`--from` is for the whole record, not for one run", {
      remedy: "see `bailiwick audit verify --help`",
    });
  }
  const { log } = locateStateDirectory(process.env);
  // Who wants the whole record checked does not wait for a list of its runs, which a damaged one may not have.
  const run = text === undefined ? undefined : selectRun((await knownRuns(process.env)).runs, text).run;
  const vouchers = await findVouchers(log, await readWitnesses(process.env), options.askWitnesses === true);
  const remembered = vouchers.flatMap(({ head }) => head ?? []);
  const progress = new Progress();
  const found = await verifyLog(log, {
    onProgress: (entries, of) => {
      progress.show("verifying entries", entries, of);
    },
    remembered,
    against: await Promise.all((options.against ?? []).map(openOther)),
    ...(run !== undefined && { run }),
    ...(options.from !== undefined && { from: readInput(options.from, MAX_CHECKPOINT_BYTES) }),
    ...(options.key !== undefined && { verifierKey: readKey(options.key) }),
  });
  progress.end();
  if (options.json)
    process.stdout.write(`${JSON.stringify({ ...found, witnessed: vouchers, ...(run !== undefined && { run }) })}\n`);
  else process.stdout.write(verificationText(found, run) + voucherLines(vouchers, found));
  return found.ok ? 0 : 1;
}

/** @throws CliError CLI_FILE */
async function openOther(path: string): Promise<OtherCheckpoint> {
  try {
    return await openCopy(path);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

function verificationText(found: Verification, run: string | undefined): string {
  const paint = paintFor(process.stdout, process.env);
  const what = run === undefined ? `the record, ${count(found.runs, "run")}` : `the run ${run}`;
  const head = found.head === undefined ? "" : `\n  tree head: ${String(found.head.size)} ${found.head.root}`;
  const rotated = found.rotations === 0 ? "" : `, key rotated ${count(found.rotations, "time")}`;
  const key = found.origin === undefined ? "" : `\n  signed by: ${found.origin}${rotated}`;
  const erased = found.erased.length === 0 ? "" : `\n  personal data erased: ${count(found.erased.length, "run")}`;
  if (found.ok) {
    const whole = `${what}, ${count(found.entries, "entry")}: whole, in order and signed`;
    return `${paint("green", "verified")} ${whole}${head}${key}${erased}\n`;
  }
  const problems = found.problems.map(({ kind, index, detail }) => {
    const where = index === undefined ? "" : ` at entry ${String(index)}`;
    return `  ${kind}${where}: ${detail}\n`;
  });
  return `${paint("red", "NOT VERIFIED")} ${what}: ${count(found.problems.length, "problem")}${head}${key}\n${problems.join("")}`;
}
