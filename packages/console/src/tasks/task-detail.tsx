import { useState, type ReactNode } from "react";
import { escapeControls } from "@bailiwick/base";
import type { TaskOfServer } from "@bailiwick/control-plane/contract";
import { taskCost, taskState } from "@bailiwick/control-plane/contract/task-state";
import { Link } from "wouter";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { Time } from "../time.tsx";
import { PatchView } from "./patch-view.tsx";

interface TaskDetailProps {
  readonly task: TaskOfServer;
  /** What became of it by what was done here. */
  readonly onChange: (task: TaskOfServer) => void;
}

/** All of a task: what was asked for, how it went, its patch; and what can be done about it. */
export function TaskDetail({ task, onChange }: TaskDetailProps): ReactNode {
  const { id, patch, base } = task;
  return (
    <article className="task" aria-label="Task" tabIndex={0}>
      <h2>
        <code>{id}</code> {taskState(task)}
      </h2>
      <dl>
        {rowsOf(task).map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {patch !== undefined && (
        <>
          <p className="quiet">
            {`${String(patch.bytes)} bytes against `}
            <code>{base?.slice(0, 12)}</code>. To have it: <code>bailiwick tasks accept {id} --branch NAME</code>
          </p>
          <PatchView id={id} patch={patch} />
        </>
      )}
      <Actions key={id} {...{ task, onChange }} />
    </article>
  );
}

function rowsOf(task: TaskOfServer): (readonly [string, ReactNode])[] {
  const { by, team, submittedAt, startedAt, endedAt, host, run, reason, reviewedBy, reviewedAt, why } = task;
  const rows: (readonly [string, ReactNode] | undefined)[] = [
    ["task", task.prompt.split("\n").map(escapeControls).join("\n")],
    reason === undefined ? undefined : ["reason", escapeControls(reason)],
    [
      "asked by",
      <>
        {`${by}${team === undefined ? "" : ` (${team})`}, `}
        <Time at={submittedAt} />
      </>,
    ],
    ["pool", `${task.pool}, ${task.agent}, profile ${task.profile}`],
    ["repository", `${task.repository}${task.revision === undefined ? "" : ` at ${task.revision}`}`],
    task.attempts > 1 ? ["tries", String(task.attempts)] : undefined,
    startedAt === undefined
      ? undefined
      : [
          "ran",
          <>
            {`${host === undefined ? "" : `on ${host}, `}from `}
            <Time at={startedAt} />
            {endedAt !== undefined && (
              <>
                {" "}
                to <Time at={endedAt} clock />
              </>
            )}
          </>,
        ],
    run === undefined
      ? undefined
      : [
          "run",
          <Link key="run" href={`/runs/${run}`}>
            What it did, command by command
          </Link>,
        ],
    task.cost === undefined ? undefined : ["cost", taskCost(task)],
    reviewedBy === undefined || reviewedAt === undefined
      ? undefined
      : [
          "reviewed",
          <>
            {`${reviewedBy}, `}
            <Time at={reviewedAt} />
            {why !== undefined && `: ${escapeControls(why)}`}
          </>,
        ],
  ];
  return rows.filter((row) => row !== undefined);
}

function Actions({ task, onChange }: TaskDetailProps): ReactNode {
  const [why, setWhy] = useState("");
  const [sent, setSent] = useState<"sending" | { readonly error: unknown }>();
  const { id, state, review, patch, cancelledBy } = task;
  const send = (call: Promise<TaskOfServer>): void => {
    setSent("sending");
    call.then(
      (changed) => {
        setSent(undefined);
        onChange(changed);
      },
      (error: unknown) => setSent({ error }),
    );
  };
  const say = (verdict: "accepted" | "rejected"): void => {
    const said = why.trim() === "" ? {} : { why: why.trim() };
    send(server.call("reviewTask", { params: { task: id }, body: { verdict, patch: patch?.digest ?? "", ...said } }));
  };
  const disabled = sent === "sending";
  return (
    <>
      {review === "awaiting" && (
        <>
          <p>
            <label>
              Why (for the server’s log){" "}
              <input maxLength={500} value={why} onChange={({ target }) => setWhy(target.value)} />
            </label>
          </p>
          <p className="answers">
            <button type="button" {...{ disabled }} onClick={() => say("accepted")}>
              Accept
            </button>
            <button type="button" {...{ disabled }} onClick={() => say("rejected")}>
              Reject
            </button>
          </p>
        </>
      )}
      {state !== "done" && (
        <p className="answers">
          <button
            type="button"
            disabled={disabled || cancelledBy !== undefined}
            onClick={() => send(server.call("cancelTask", { params: { task: id } }))}
          >
            Cancel this task
          </button>
        </p>
      )}
      {typeof sent === "object" && <Problem error={sent.error} />}
    </>
  );
}
