import type { ReactNode } from "react";
import { count, escapeControls } from "@bailiwick/base";
import type { TaskOfServer } from "@bailiwick/control-plane/contract";
import { taskState } from "@bailiwick/control-plane/contract/task-state";
import { Link, useLocation, useSearchParams } from "wouter";
import { useKeys } from "../keys.ts";
import { Problem } from "../problem.tsx";
import { RowsHead } from "../rows/rows-head.tsx";
import { useWindow } from "../rows/use-window.ts";
import { Time } from "../time.tsx";
import { SubmitForm } from "./submit-form.tsx";
import { TaskDetail } from "./task-detail.tsx";
import { STATES, useTask, useTasks, type Wanted } from "./use-tasks.ts";

const ROW_PX = 36;
const SHOWN: Readonly<Record<Wanted, string>> = {
  all: "all",
  open: "waiting and running",
  review: "awaiting review",
  done: "done",
};

/** @param id the task that is looked at; `new`: the form */
export default function TasksPage({ id }: { readonly id: string | undefined }): ReactNode {
  if (id !== "new") return <Tasks id={id} />;
  return (
    <>
      <header className="page-head">
        <h1>Submit a task</h1>
      </header>
      <SubmitForm />
    </>
  );
}

function Tasks({ id }: { readonly id: string | undefined }): ReactNode {
  const [search, setSearch] = useSearchParams();
  const state = STATES.find((known) => known === search.get("state")) ?? "all";
  const { items: known, error } = useTasks(state);
  const items = known ?? [];
  const { task, error: missing, show } = useTask(id);
  const [, navigate] = useLocation();
  const select = (chosen: TaskOfServer | undefined): void => {
    if (chosen !== undefined) navigate(`/tasks/${chosen.id}${location.search}`, { replace: true });
  };
  const index = items.findIndex((item) => item.id === id);
  const next = (): void => select(items[Math.min(items.length - 1, index + 1)]);
  const previous = (): void => select(items[Math.max(0, index - 1)]);
  useKeys({ j: next, ArrowDown: next, k: previous, ArrowUp: previous });
  return (
    <>
      <header className="page-head">
        <h1>Tasks</h1>
        <label>
          Show{" "}
          <select value={state} onChange={({ target }) => setSearch({ state: target.value }, { replace: true })}>
            {STATES.map((each) => (
              <option key={each} value={each}>
                {SHOWN[each]}
              </option>
            ))}
          </select>
        </label>
        <Link href="/tasks/new">Submit a task</Link>
        <p role="status" className="end">
          {error === undefined ? count(items.length, "task") : "○ not connected"}
        </p>
      </header>
      {error !== undefined && <Problem error={error} />}
      <div className="run-body">
        {items.length > 0 && <TaskRows {...{ items, id }} onSelect={select} />}
        {items.length === 0 && known !== undefined && error === undefined && <Nothing state={state} />}
        {task !== undefined && <TaskDetail task={task} onChange={show} />}
        {missing !== undefined && <Problem error={missing} />}
      </div>
    </>
  );
}

function Nothing({ state }: { readonly state: Wanted }): ReactNode {
  if (state !== "all") return <p className="empty">No task that you may see is {SHOWN[state]}.</p>;
  return (
    <p className="empty">
      No tasks that you may see. <Link href="/tasks/new">Submit one</Link>, or at a command line:{" "}
      <code>bailiwick submit --pool POOL --agent AGENT --repo URL "task"</code>. A host of the pool runs it (
      <code>bailiwick runner --pool POOL</code>), and its patch shows up here.
    </p>
  );
}

interface TaskRowsProps {
  readonly items: readonly TaskOfServer[];
  readonly id: string | undefined;
  readonly onSelect: (task: TaskOfServer) => void;
}

function TaskRows({ items, id, onSelect }: TaskRowsProps): ReactNode {
  const { box, from, to } = useWindow(items.length, ROW_PX);
  const shown = items.slice(from, to);
  return (
    <div
      className="rows tasks"
      ref={box}
      role="grid"
      aria-label="Tasks"
      aria-rowcount={items.length + 1}
      {...(shown.some((item) => item.id === id) && { "aria-activedescendant": `row-${String(id)}` })}
      tabIndex={0}
    >
      <RowsHead names={["State", "Submitted", "Who", "Pool", "Task"]} />
      <div role="rowgroup" className="rows-body" style={{ height: items.length * ROW_PX }}>
        {shown.map((item, place) => (
          <div
            key={item.id}
            role="row"
            id={`row-${item.id}`}
            className="row"
            aria-rowindex={from + place + 2}
            aria-selected={item.id === id}
            style={{ transform: `translateY(${String((from + place) * ROW_PX)}px)` }}
            onClick={() => onSelect(item)}
          >
            <span role="gridcell" className={`state ${colourOf(item)}`}>
              {taskState(item)}
            </span>
            <span role="gridcell">
              <Time at={item.submittedAt} />
            </span>
            <span role="gridcell">{item.by}</span>
            <span role="gridcell">{item.pool}</span>
            <span role="gridcell">{escapeControls(item.prompt)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

function colourOf({ state, outcome }: TaskOfServer): string {
  if (state !== "done") return "running";
  return outcome === "succeeded" ? "succeeded" : "failed";
}
