import { setTimeout as pause } from "node:timers/promises";
import { escapeControls } from "@bailiwick/base";
import { ServerError, type Client, type TaskOfServer } from "@bailiwick/control-plane/contract";
import { taskCost, taskState } from "@bailiwick/control-plane/contract/task-state";
import { formatBytes, formatTime, paintFor } from "../format.ts";

const LOOK_MS = 1_000;

/** Until it is done, over a server that is away, too. */
export async function waitFor(client: Client, id: string): Promise<TaskOfServer> {
  for (;;) {
    try {
      const task = await client.call("showTask", { params: { task: id } });
      if (task.state === "done") return task;
    } catch (error) {
      if (!(error instanceof ServerError) || error.code !== "SERVER_UNREACHABLE") throw error;
    }
    await pause(LOOK_MS);
  }
}

export function lineText(task: TaskOfServer): string {
  const paint = paintFor(process.stdout, process.env);
  const bad = task.outcome !== undefined && task.outcome !== "succeeded";
  const state = paint(bad ? "red" : task.state === "done" ? "green" : "yellow", taskState(task));
  const [first = ""] = task.prompt.split("\n");
  const prompt = first.length > 60 ? `${first.slice(0, 60)}…` : first;
  return (
    escapeControls(`${formatTime(task.submittedAt)}  ${task.id}  `) +
    state +
    escapeControls(`  ${task.pool}  ${task.by}  ${task.agent}  ${prompt}`)
  );
}

export function showText(task: TaskOfServer): string {
  const { patch, reviewedBy, reviewedAt, why } = task;
  const reviewed =
    reviewedBy === undefined || reviewedAt === undefined
      ? ""
      : `${reviewedBy}, ${formatTime(reviewedAt)}${why === undefined ? "" : `: ${why}`}`;
  const rows: readonly (readonly [string, string])[] = [
    ["task", task.id],
    ["state", taskState(task)],
    ["reason", task.reason ?? ""],
    ["asked by", `${task.by}${task.team === undefined ? "" : ` (${task.team})`}, ${formatTime(task.submittedAt)}`],
    ["pool", task.pool],
    ["agent", task.agent],
    ["repo", `${task.repository}${task.revision === undefined ? "" : ` at ${task.revision}`}`],
    ["profile", task.profile],
    ["tries", task.attempts === 0 ? "" : String(task.attempts)],
    ["host", task.host ?? ""],
    ["run", task.run === undefined ? "" : `${task.run} (bailiwick tasks logs ${task.id})`],
    ["cost", taskCost(task)],
    [
      "patch",
      patch === undefined
        ? ""
        : `${formatBytes(patch.bytes)} against ${task.base ?? ""} (bailiwick tasks diff ${task.id})`,
    ],
    ["reviewed", reviewed],
    ["task text", task.prompt],
  ];
  return rows
    .filter(([, text]) => text !== "")
    .map(([name, text]) => `${name.padEnd(9)}  ${escapeControls(text)}\n`)
    .join("");
}
