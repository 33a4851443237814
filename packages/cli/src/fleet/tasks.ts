import { createHash } from "node:crypto";
import { escapeControls } from "@bailiwick/base";
import { ServerError, type Client, type TaskOfServer } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { Output } from "../output.ts";
import { openClient } from "../server/session.ts";
import { applyHere, branchHere } from "./accept.ts";
import { lineText, showText } from "./show.ts";

interface Json {
  readonly json?: true;
}

const STATES = ["open", "review", "done", "all"] as const;

export async function listTasksCommand(
  options: Json & { readonly pool?: string; readonly state: string; readonly limit: string },
): Promise<number> {
  const state = STATES.find((known) => known === options.state);
  const limit = Number(options.limit);
  if (state === undefined || !Number.isInteger(limit) || limit < 1 || limit > 1_000) {
    throw new CliError("CLI_USAGE", "`--state` is open, review, done or all, `--limit` 1 to 1000", {
      remedy: "see `bailiwick tasks list --help`",
    });
  }
  const query = { state, limit, ...(options.pool !== undefined && { pool: options.pool }) };
  const { items } = await openClient(process.env).call("listTasks", { query });
  const out = new Output(process.stdout);
  for (const item of items) await out.line(options.json ? JSON.stringify(item) : lineText(item));
  return 0;
}

export async function listPoolsCommand(options: Json): Promise<number> {
  const { items } = await openClient(process.env).call("listPools", {});
  const out = new Output(process.stdout);
  for (const item of items) {
    const { id, waiting, taken, hosts, repositories, profiles } = item;
    const text = `${id}  ${String(waiting)} wait, ${String(taken)} run, ${String(hosts.length)} hosts; ${repositories.join(" ")}; profiles ${profiles.join(" ")}`;
    await out.line(options.json ? JSON.stringify(item) : escapeControls(text));
  }
  return 0;
}

export async function showTaskCommand(id: string, options: Json): Promise<number> {
  return said(options, await find(openClient(process.env), id));
}

export async function cancelTaskCommand(id: string, options: Json): Promise<number> {
  const client = openClient(process.env);
  const { id: task } = await find(client, id);
  return said(options, await client.call("cancelTask", { params: { task } }));
}

/** The patch as it is, for a pager or `git apply`; at a terminal without what would move its cursor. */
export async function diffTaskCommand(id: string): Promise<number> {
  const client = openClient(process.env);
  const patch = await patchOf(client, await find(client, id));
  if (process.stdout.isTTY) {
    const lines = Buffer.from(patch).toString("utf8").split("\n");
    process.stdout.write(lines.map((line) => escapeControls(line)).join("\n"));
  } else process.stdout.write(patch);
  return 0;
}

/** The events of its run. */
export async function logsTaskCommand(id: string, options: Json & { readonly follow?: true }): Promise<number> {
  const task = await find(openClient(process.env), id);
  if (task.run === undefined) {
    throw new CliError("CLI_TASK", `the task \`${task.id}\` has no run yet`, { remedy: "see `bailiwick tasks show`" });
  }
  const { tailServerRun } = await import("../server/remote-runs.ts");
  return await tailServerRun(task.run, options);
}

export interface AcceptOptions extends Json {
  readonly branch?: string;
  readonly apply?: true;
  readonly why?: string;
}

/**
 * Accepts what came of a task; with `--branch` or `--apply` it is put into the repository that this directory is in. That is tried before anything is said to the
 * server; nothing is pushed.
 */
export async function acceptTaskCommand(id: string, { branch, apply, why, json }: AcceptOptions): Promise<number> {
  if (branch !== undefined && apply) {
    throw new CliError("CLI_USAGE", "`--branch` or `--apply`, not both", { remedy: "leave one out" });
  }
  const client = openClient(process.env);
  const task = await find(client, id);
  const patch = await patchOf(client, task);
  const put =
    branch !== undefined
      ? await branchHere(process.cwd(), { task, patch, branch })
      : apply
        ? await applyHere(process.cwd(), { task, patch })
        : undefined;
  const already = task.review === "accepted";
  const reviewed = already ? task : await review(client, task, { verdict: "accepted", why });
  const where = await put?.();
  if (json) return said({ json }, reviewed);
  process.stdout.write(`${already ? "was accepted" : "accepted"}${where === undefined ? "" : `; ${where}`}\n`);
  return 0;
}

export async function rejectTaskCommand(id: string, { why, json }: Json & { readonly why?: string }): Promise<number> {
  const client = openClient(process.env);
  const reviewed = await review(client, await find(client, id), { verdict: "rejected", why });
  if (json) return said({ json }, reviewed);
  process.stdout.write("rejected\n");
  return 0;
}

interface Verdict {
  readonly verdict: "accepted" | "rejected";
  readonly why: string | undefined;
}

async function review(client: Client, task: TaskOfServer, { verdict, why }: Verdict): Promise<TaskOfServer> {
  const { digest = "" } = task.patch ?? {};
  if (digest === "") throw noPatch(task);
  return await client.call("reviewTask", {
    params: { task: task.id },
    body: { verdict, patch: digest, ...(why !== undefined && { why }) },
  });
}

/** @throws CliError CLI_TASK when there is none; ServerError when it is not the one that the task says */
async function patchOf(client: Client, task: TaskOfServer): Promise<Uint8Array> {
  if (task.patch === undefined) throw noPatch(task);
  const patch = await client.call("taskPatch", { params: { task: task.id } });
  const digest = `sha256:${createHash("sha256").update(patch).digest("hex")}`;
  if (digest === task.patch.digest) return patch;
  throw new ServerError("SERVER_CONFLICT", `the patch of \`${task.id}\` is not the one that it says`, {
    remedy: "look again",
  });
}

function noPatch({ id }: TaskOfServer): CliError {
  return new CliError("CLI_TASK", `the task \`${id}\` has changed nothing`, {
    remedy: `see \`bailiwick tasks show ${id}\``,
  });
}

/** By its id, or the beginning of one of the newest. */
async function find(client: Client, text: string): Promise<TaskOfServer> {
  if (/^task-[0-9a-f]{12}$/.test(text)) return await client.call("showTask", { params: { task: text } });
  const { items } = await client.call("listTasks", { query: { limit: 1_000 } });
  const found =
    text === "last"
      ? items.slice(0, 1)
      : items.filter(({ id }) => id.startsWith(text) || id.startsWith(`task-${text}`));
  const [only] = found;
  if (only !== undefined && found.length === 1) return await client.call("showTask", { params: { task: only.id } });
  const what = `\`${text}\` is ${found.length === 0 ? "no task" : `${String(found.length)} tasks`}`;
  throw new CliError("CLI_USAGE", what, { remedy: "list them with `bailiwick tasks`" });
}

function said(options: Json, task: TaskOfServer): number {
  process.stdout.write(options.json ? `${JSON.stringify(task)}\n` : showText(task));
  return 0;
}
