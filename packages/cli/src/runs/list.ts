import { escapeControls, formatCommand, hasLabel, LABEL_OR_KEY } from "@bailiwick/base";
import { count, formatDuration, formatTime, paintFor, type Paint } from "../format.ts";
import { Output } from "../output.ts";
import { usage } from "../run/options.ts";
import { labelsText } from "./labels-text.ts";
import { knownRuns, type SelectedRun } from "./select.ts";

export async function listRunsCommand(options: {
  readonly limit: string;
  readonly json?: true;
  readonly server?: true;
  readonly label?: readonly string[];
}): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw usage(`\`--limit\` is not a number from 1 on: \`${options.limit}\``, "runs");
  const labels = wantedLabels(options.label ?? []);
  if (options.server) {
    const { listServerRuns } = await import("../server/remote-runs.ts");
    return await listServerRuns({ ...options, limit, labels });
  }
  const { runs } = await knownRuns(process.env);
  const wanted = runs.filter(({ summary }) => labels.every((label) => hasLabel(summary?.started?.labels ?? [], label)));
  const shown = wanted.slice(-limit).reverse();
  const paint = paintFor(process.stdout, process.env);
  const output = new Output(process.stdout);
  for (const each of shown) await output.line(options.json ? JSON.stringify(asJson(each)) : runLine(each, paint));
  if (shown.length === 0 && !options.json) {
    const none = runs.length === 0 ? "no runs yet; start one: `bailiwick run -- COMMAND`" : "no run has these labels";
    process.stderr.write(`${none}\n`);
  }
  return 0;
}

function wantedLabels(texts: readonly string[]): readonly string[] {
  const wrong = texts.find((text) => !LABEL_OR_KEY.test(text));
  if (wrong !== undefined) throw usage(`\`--label\` needs KEY=VALUE or KEY, not \`${wrong}\``, "runs");
  return texts;
}

function asJson({ run, summary, live }: SelectedRun): Record<string, unknown> {
  return { ...summary, run, running: live !== undefined };
}

/** One run: when, its id, how it went, and what it was. */
export function runLine({ run, summary, live }: SelectedRun, paint: Paint): string {
  const at = formatTime(summary?.started?.at ?? live?.startedAt ?? 0);
  const name = summary?.started?.name === undefined ? "" : ` “${escapeControls(summary.started.name)}”`;
  const erased = summary?.erased === undefined ? "" : paint("dim", "(erased)");
  const command = formatCommand(summary?.started?.command ?? [], 80) || erased;
  const counts = summary === undefined ? "" : `  ${countsText(summary.counts)}`;
  return `${paint("dim", at)}  ${run}  ${stateText({ run, summary, live }, paint)}${paint("dim", counts)}${name}  ${command}${paint("dim", labelsText(summary?.started?.labels))}`;
}

function stateText({ summary, live }: SelectedRun, paint: Paint): string {
  if (summary?.ended !== undefined) {
    const { status, reason, wallMs } = summary.ended;
    const how = reason === "exited" ? `exit ${String(status)}` : reason;
    return `${paint(status === 0 ? "green" : "red", how)} after ${formatDuration(wallMs)}`;
  }
  return live === undefined ? paint("red", "cut off") : paint("yellow", "running");
}

function countsText({ execs, refused, asked }: NonNullable<SelectedRun["summary"]>["counts"]): string {
  const parts = [count(execs, "command")];
  if (refused > 0) parts.push(`${String(refused)} refused`);
  if (asked > 0) parts.push(`${String(asked)} asked`);
  return parts.join(", ");
}
