import { escapeControls } from "@bailiwick/base";
import { useDeferredValue, type ReactNode } from "react";
import { Link } from "wouter";
import { Problem } from "../problem.tsx";
import { FilterField, useFilter } from "../rows/filter-field.tsx";
import { RowsHead } from "../rows/rows-head.tsx";
import { useWindow } from "../rows/use-window.ts";
import { Time } from "../time.tsx";
import { goingState, matchesHost, stateOfHost, useHosts, type Drift, type Host } from "./use-hosts.ts";

const ROW_PX = 36;
const COLUMNS = ["State", "Host", "Person", "Heard of", "Version", "Kernel", "Enforced", "Runs", "Policies"];

export default function HostsPage(): ReactNode {
  const { items, drift, error } = useHosts();
  const filter = useFilter();
  const wanted = useDeferredValue(filter);
  const shown = items?.filter((host) => matchesHost(host, wanted));
  return (
    <>
      <header className="page-head">
        <h1>Hosts</h1>
        <FilterField
          label="Filter hosts"
          placeholder="Filter by any word: a name, a person, a version, revoked, alarm, missing"
        />
        <p role="status">{`${String(shown?.length ?? 0)} of ${String(items?.length ?? 0)}`}</p>
      </header>
      {error !== undefined && <Problem error={error} />}
      {shown !== undefined && shown.length > 0 && <HostsTable hosts={shown} drift={drift} />}
      {shown?.length === 0 && error === undefined && <Nothing filtered={items?.length !== 0} />}
    </>
  );
}

function Nothing({ filtered }: { readonly filtered: boolean }): ReactNode {
  if (filtered) return <p className="empty">No host matches this filter. Take a word out of it.</p>;
  return (
    <p className="empty">
      No hosts that you may see. Whoever may enrol one makes a token (
      <code>{`bailiwick server call invite '{"body":{"person":"…"}}'`}</code>), and gives it to that host:{" "}
      <code>bailiwick enroll URL TOKEN</code>.
    </p>
  );
}

interface TableProps {
  readonly hosts: readonly Host[];
  readonly drift: ReadonlyMap<string, Drift> | undefined;
}

function HostsTable({ hosts, drift }: TableProps): ReactNode {
  const { box, from, to } = useWindow(hosts.length, ROW_PX);
  return (
    <div className="rows hosts" ref={box} role="table" aria-label="Hosts" aria-rowcount={hosts.length + 1} tabIndex={0}>
      <RowsHead names={COLUMNS} />
      <div role="rowgroup" className="rows-body" style={{ height: hosts.length * ROW_PX }}>
        {hosts.slice(from, to).map((host, place) => (
          <Row key={host.id} host={host} drift={drift?.get(host.id)} index={from + place} />
        ))}
      </div>
    </div>
  );
}

interface RowProps {
  readonly host: Host;
  readonly drift: Drift | undefined;
  readonly index: number;
}

function Row({ host, drift, index }: RowProps): ReactNode {
  const { id, name, person, lastSeenAt, lastRun, going } = host;
  const state = stateOfHost(host);
  const policies = drift?.state ?? "";
  return (
    <div
      role="row"
      className="row"
      aria-rowindex={index + 2}
      style={{ transform: `translateY(${String(index * ROW_PX)}px)` }}
    >
      <span role="cell" className={state === "alarm" || state === "silent" ? "bad" : ""}>
        {state}
      </span>
      <span role="cell" title={escapeControls(name)}>
        <Link href={`/hosts/${id}`}>{id}</Link>
      </span>
      <span role="cell">{person}</span>
      <span role="cell">{lastSeenAt === undefined ? "never" : <Time at={lastSeenAt} />}</span>
      <span role="cell">{escapeControls(lastRun?.version ?? "–")}</span>
      <span role="cell">{escapeControls(lastRun?.kernel ?? "–")}</span>
      <span role="cell">{lastRun === undefined ? "no run yet" : <Enforced {...lastRun} />}</span>
      <span role="cell">
        {going === 0 ? "–" : <Link href={`/runs?q=host:${id}+state:${goingState(host)}`}>{going}</Link>}
      </span>
      <span role="cell" className={policies === "behind" || policies === "refused" ? "bad" : ""}>
        {policies === "never" ? "not asked" : policies}
      </span>
    </div>
  );
}

function Enforced({ missing, layers }: { readonly missing: number; readonly layers: number }): ReactNode {
  if (missing === 0) return <span className="good">✓ all {layers}</span>;
  return <span className="bad">{`✕ ${String(missing)} of ${String(layers)} missing`}</span>;
}
