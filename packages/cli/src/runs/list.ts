import { escapeControls, formatCommand } from "@bailiwick/base";
import { count, formatDuration, formatTime, paintFor, type Paint } from "../format.ts";
import { Output } from "../output.ts";
import { usage } from "../run/options.ts";
import { knownRuns, type SelectedRun } from "./select.ts";

export async function listRunsCommand(options: { readonly limit: string; readonly json?: true }): Promise<number> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) throw usage(`\`--limit\` is not a number from 1 on: \`${options.limit}\``);
  const { runs } = await knownRuns(process.env);
  const shown = runs.slice(-limit).reverse();
  const paint = paintFor(process.stdout, process.env);
  const output = new Output(process.stdout);
  for (const each of shown) await output.line(options.json ? JSON.stringify(asJson(each)) : runLine(each, paint));
  if (shown.length === 0 && !options.json) process.stderr.write("no runs yet; start one: `bailiwick run -- COMMAND`\n");
  return 0;
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
  return `${paint("dim", at)}  ${run}  ${stateText({ run, summary, live }, paint)}${paint("dim", counts)}${name}  ${command}`;
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
