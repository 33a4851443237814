import { AuditError, readLog, readRun, type LoggedEvent } from "@bailiwick/audit";
import { escapeControls } from "@bailiwick/base";
import { isRecordedEvent, openDecider, WhatIfReplay, type Change, type WhatIf } from "@bailiwick/policy";
import { locateStateDirectory } from "@bailiwick/run";
import { parseMoment } from "@bailiwick/search";
import { count, formatTime, paintFor, type Paint } from "../format.ts";
import { usage } from "../run/options.ts";
import { knownRuns, selectRun } from "../runs/select.ts";
import { policySet } from "./sources.ts";

export interface ReplayPolicyOptions {
  readonly policy?: readonly string[];
  readonly against?: readonly string[];
  readonly profile?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

/** What the policies would have decided of what was recorded. 0, whatever they would. */
export async function replayPolicyCommand(runs: readonly string[], options: ReplayPolicyOptions): Promise<number> {
  const period = periodOf(options);
  const open = async (paths: readonly string[]) =>
    await openDecider({ sources: await policySet(paths, options.profile), cache: undefined });
  const decider = await open(options.policy ?? []);
  const baseline = options.against && (await open(options.against));
  try {
    const replay = new WhatIfReplay({ decider, baseline });
    let read = 0;
    for await (const { event } of eventsOf(runs)) {
      if (process.stderr.isTTY && ++read % 10_000 === 0) process.stderr.write(`\r${String(read)} events\u001b[K`);
      if (isRecordedEvent(event) && (event.type === "run.started" || period(event.at))) await replay.take(event);
    }
    if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
    const found = replay.finish();
    process.stdout.write(
      options.json ? `${JSON.stringify(found)}\n` : whatIfText(found, paintFor(process.stdout, process.env)),
    );
    return 0;
  } finally {
    await decider.close();
    await baseline?.close();
  }
}

function periodOf({ from, to }: ReplayPolicyOptions): (at: number) => boolean {
  const now = Date.now();
  const begin = from === undefined ? { from: 0 } : parseMoment(from, now);
  const end = to === undefined ? { to: Number.POSITIVE_INFINITY } : parseMoment(to, now);
  if (begin === undefined) throw usage(`\`--from\` is no time: \`${from ?? ""}\``, "policy replay");
  if (end === undefined) throw usage(`\`--to\` is no time: \`${to ?? ""}\``, "policy replay");
  return (at) => at >= begin.from && at <= end.to;
}

/** Of the runs that were named, else of the whole record; without a record there is nothing. */
async function* eventsOf(names: readonly string[]): AsyncGenerator<LoggedEvent> {
  if (names.length === 0) {
    try {
      yield* readLog(locateStateDirectory(process.env).log, 0);
    } catch (error) {
      if (!(error instanceof AuditError && error.code === "AUDIT_NO_LOG")) throw error;
    }
    return;
  }
  const { state, runs } = await knownRuns(process.env);
  for (const run of new Set(names.map((name) => selectRun(runs, name)))) {
    if (run.summary !== undefined) yield* readRun(state.log, run.summary);
  }
}

const PAST = { allow: "allowed", ask: "asked about", deny: "refused" } as const;
const COLOR = { allow: "green", ask: "yellow", deny: "red" } as const;
/** Of the changes of one kind so many are shown; `--json` has all. */
const SHOWN = 10;

export function whatIfText(found: WhatIf, paint: Paint): string {
  const { runs, decisions, unchanged, changes, questions } = found;
  const lines = [`${count(decisions, "decision")} of ${count(runs, "run")}: ${changeText(decisions - unchanged)}`];
  for (const [from, to] of KINDS) {
    const kind = changes.filter((change) => change.from === from && change.to === to);
    if (kind.length === 0) continue;
    const total = kind.reduce((sum, change) => sum + change.count, 0);
    lines.push("", paint(COLOR[to], `${String(total)} ${PAST[from]} before, would be ${PAST[to]}`));
    for (const change of kind.slice(0, SHOWN)) lines.push(...changeLines(change, paint));
    if (kind.length > SHOWN) lines.push(paint("dim", `  and ${String(kind.length - SHOWN)} more groups: --json`));
  }
  const { before, after, perDay, days } = questions;
  lines.push(
    "",
    `questions  ${String(before)} before, ${String(after)} now: ${perDay.toFixed(1)} a day on ${count(days, "day")} with runs`,
  );
  lines.push(...remarks(found).map((text) => paint("dim", text)));
  return `${lines.join("\n")}\n`;
}

/** What got stricter first. */
const KINDS = [
  ["allow", "deny"],
  ["ask", "deny"],
  ["allow", "ask"],
  ["ask", "allow"],
  ["deny", "ask"],
  ["deny", "allow"],
] as const;

function changeText(changed: number): string {
  return changed === 0 ? "none would be another" : `${String(changed)} would be another`;
}

function changeLines({ policies, reason, count: times, runs, examples }: Change, paint: Paint): string[] {
  const by = policies.length === 0 ? "no policy permits it" : policies.join(", ");
  const why = reason === "" ? "" : `: ${reason}`;
  const head = `  ${String(times)} in ${count(runs, "run")}  ${escapeControls(by)}${escapeControls(why)}`;
  return [
    head,
    ...examples.map(({ at, what }) => `    ${paint("dim", formatTime(at))}  ${escapeControls(what).slice(0, 160)}`),
  ];
}

function remarks({ byProfile, incomplete, notReproduced }: WhatIf): string[] {
  return [
    ...(byProfile > 0 ? [`${String(byProfile)} more were refused by a profile: no policy was asked`] : []),
    ...(incomplete > 0 ? [`${String(incomplete)} more are not in the record as a whole, and were left out`] : []),
    ...(notReproduced > 0
      ? [
          `${String(notReproduced)} were decided otherwise under this very set: something mattered that the record does not hold`,
        ]
      : []),
  ];
}
