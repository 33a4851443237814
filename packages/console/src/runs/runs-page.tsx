import { formatCommand } from "@bailiwick/base";
import type { RunOfServer } from "@bailiwick/control-plane/contract";
import { useDeferredValue, type ReactNode } from "react";
import { Link, useSearchParams } from "wouter";
import { Problem } from "../problem.tsx";
import { FilterField, useFilter } from "../rows/filter-field.tsx";
import { RowsHead } from "../rows/rows-head.tsx";
import { useWindow } from "../rows/use-window.ts";
import { Time } from "../time.tsx";
import { matches, stateOf } from "./filter.ts";
import { State } from "./state.tsx";
import { useRuns } from "./use-runs.ts";

const ROW_PX = 36;
const COLUMNS = ["State", "Started", "Person", "Agent", "Host", "Command"];

export function RunsPage(): ReactNode {
  const { items, error, live } = useRuns();
  const filter = useFilter();
  const wanted = useDeferredValue(filter);
  const shown = items?.filter((run) => matches(run, wanted));
  return (
    <>
      <header className="page-head">
        <h1>Runs</h1>
        <FilterField
          label="Filter runs"
          placeholder="Filter: person: agent: host: project: label: state: or any word"
        />
        <p role="status">
          {live ? "● live" : "○ not connected"} · {String(shown?.length ?? 0)} of {String(items?.length ?? 0)}
        </p>
      </header>
      {error !== undefined && <Problem error={error} />}
      {shown !== undefined && shown.length > 0 && <RunsTable runs={shown} />}
      {shown?.length === 0 && error === undefined && <Nothing filtered={items?.length !== 0} />}
    </>
  );
}

function Nothing({ filtered }: { readonly filtered: boolean }): ReactNode {
  if (filtered) return <p className="empty">No run matches this filter. Take a word out of it.</p>;
  return (
    <p className="empty">
      No runs that you may see. Enrol a host (<code>bailiwick enroll URL TOKEN</code>), then start a run there:{" "}
      <code>bailiwick run -- claude</code>. It shows up here by itself.
    </p>
  );
}

/** Only rows in sight are in the document: ten thousand runs are as quick as ten. */
function RunsTable({ runs }: { readonly runs: readonly RunOfServer[] }): ReactNode {
  const { box, from, to } = useWindow(runs.length, ROW_PX);
  return (
    <div className="rows" ref={box} role="table" aria-label="Runs" aria-rowcount={runs.length + 1} tabIndex={0}>
      <RowsHead names={COLUMNS} />
      <div role="rowgroup" className="rows-body" style={{ height: runs.length * ROW_PX }}>
        {runs.slice(from, to).map((run, place) => (
          <Row key={run.run} run={run} index={from + place} />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly run: RunOfServer;
  readonly index: number;
}

function Row({ run, index }: RowProps): ReactNode {
  const [, setSearch] = useSearchParams();
  const by = (field: "person" | "agent" | "host"): ReactNode => (
    <span role="cell">
      <button
        type="button"
        title={`Only runs with ${field} ${run[field]}`}
        onClick={() => {
          setSearch({ q: `${field}:${run[field]}` });
        }}
      >
        {run[field]}
      </button>
    </span>
  );
  return (
    <div
      role="row"
      className="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${String(index * ROW_PX)}px)` }}
    >
      <span role="cell">
        <State state={stateOf(run)} since={run.endedAt === undefined ? run.silentSince : undefined} />
      </span>
      <span role="cell">{run.startedAt === undefined ? "–" : <Time at={run.startedAt} />}</span>
      {by("person")}
      {by("agent")}
      {by("host")}
      <span role="cell" title={run.run}>
        <Link href={`/runs/${run.run}`}>
          <code>{run.erased ? "(erased)" : formatCommand(run.command, 300)}</code>
        </Link>
      </span>
    </div>
  );
}
