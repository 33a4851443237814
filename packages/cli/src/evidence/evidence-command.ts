import { existsSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import {
  FRAMEWORKS,
  isFramework,
  makeEvidence,
  type Evidence,
  type FrameworkName,
  type Period,
} from "@bailiwick/evidence";
import { locateStateDirectory } from "@bailiwick/run";
import { parseMoment } from "@bailiwick/search";
import { count, formatBytes, paintFor } from "../format.ts";
import { Progress } from "../progress.ts";
import { usage } from "../run/options.ts";
import { VERSION } from "../version.ts";
import { saveArchive } from "./save-archive.ts";

export interface EvidenceCommandOptions {
  readonly from: string;
  readonly to?: string;
  readonly project?: string;
  readonly framework?: readonly string[];
  readonly out?: string;
  readonly json?: true;
}

/** 0: written. 1: written, and the record did not verify. */
export async function evidenceCommand(options: EvidenceCommandOptions): Promise<number> {
  const now = Date.now();
  const period = periodOf(options, now);
  const progress = new Progress();
  const evidence = await makeEvidence({
    directory: locateStateDirectory(process.env).log,
    period,
    frameworks: frameworksOf(options.framework ?? Object.keys(FRAMEWORKS)),
    now,
    version: VERSION,
    onProgress: (what, done, of) => {
      progress.show(what, done, of);
    },
    ...(options.project !== undefined && { project: directoryOf(options.project) }),
  });
  progress.end();
  const path = options.out ?? `evidence-${dayOf(period.from)}-${dayOf(period.to)}.zip`;
  await saveArchive(path, [evidence.archive]);
  if (options.json) process.stdout.write(`${JSON.stringify({ path, period, ...rest(evidence) })}\n`);
  else process.stdout.write(summaryText(path, evidence));
  return evidence.verified ? 0 : 1;
}

function frameworksOf(names: readonly string[]): FrameworkName[] {
  return [...new Set(names)].map((name) => {
    if (isFramework(name)) return name;
    throw usage(`\`--framework ${name}\` is none of ${Object.keys(FRAMEWORKS).join(", ")}`, "evidence");
  });
}

function rest({ archive, ...others }: Evidence): object {
  return { bytes: archive.length, ...others };
}

function periodOf({ from, to }: EvidenceCommandOptions, now: number): Period {
  const begin = parseMoment(from, now);
  const end = to === undefined ? { to: now } : parseMoment(to, now);
  if (begin === undefined) throw usage(`\`--from\` is no time: \`${from}\``, "evidence");
  if (end === undefined) throw usage(`\`--to\` is no time: \`${to ?? ""}\``, "evidence");
  if (begin.from > end.to) throw usage("`--from` is after `--to`", "evidence");
  return { from: begin.from, to: end.to };
}

/** As runs record it. One that is gone can still be asked for. */
function directoryOf(path: string): string {
  const whole = resolve(path);
  return existsSync(whole) ? realpathSync(whole) : whole;
}

/** `20261126`, local time. */
function dayOf(milliseconds: number): string {
  const at = new Date(milliseconds);
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, "0")).join("");
}

function summaryText(path: string, { archive, runs, proofs, unproven, verified, limits }: Evidence): string {
  const paint = paintFor(process.stdout, process.env);
  const more = unproven === 0 ? "" : `; ${String(unproven)} entries have none, narrow the period to have them proven`;
  const state = verified ? paint("green", "the record verified") : paint("red", "THE RECORD DID NOT VERIFY");
  return [
    `${path}  ${formatBytes(archive.length)}, ${count(runs, "run")}, ${count(proofs, "proof")}${more}; ${state}`,
    paint("dim", "what it cannot show (also in the report):"),
    ...limits.map((limit) => paint("dim", `  ${limit}`)),
    "",
  ].join("\n");
}
