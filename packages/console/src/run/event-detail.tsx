import { useEffect, useState, type ReactNode } from "react";
import { escapeControls, formatCommand } from "@bailiwick/base";
import { readSeen } from "@bailiwick/control-plane/contract/run-events";
import { Link } from "wouter";
import { isForbidden, Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { Time } from "../time.tsx";
import { Decision } from "./decision.tsx";
import { wordOf, type Row, type RunEvent } from "./rows.ts";

interface EventDetailProps {
  readonly run: string;
  readonly seq: number;
  /** What the page knows of it already. */
  readonly row: Row | undefined;
  readonly onClose: () => void;
}

interface Asked {
  readonly seq: number;
  readonly event?: RunEvent | undefined;
  readonly error?: unknown;
}

/** All that the record has of one event. */
export function EventDetail({ run, seq, row, onClose }: EventDetailProps): ReactNode {
  const [asked, setAsked] = useState<Asked>();
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    readSeen(server, run, { after: seq - 1, limit: 1, signal }).then(
      ({ seen: [first] }) => {
        setAsked({ seq, event: first?.seq === seq ? first.event : undefined });
      },
      (error: unknown) => {
        if (!signal.aborted) setAsked({ seq, error });
      },
    );
    return () => {
      ending.abort();
    };
  }, [run, seq]);
  const known = asked?.seq === seq ? asked : undefined;
  return (
    <aside className="detail" aria-label="Event" tabIndex={0}>
      <header>
        <h2>{row === undefined ? "Event" : `${wordOf(row.type)} `}</h2>
        {row !== undefined && <Decision {...row} />}
        <button type="button" aria-keyshortcuts="Escape" onClick={onClose}>
          Close (Esc)
        </button>
      </header>
      {row !== undefined && <Rows rows={knownRows(row)} />}
      {known?.event !== undefined && (
        <>
          <p>
            <Link href={`/audit/runs/${run}/${String(seq)}`}>Prove that it is in the record</Link>
          </p>
          <Whole event={known.event} />
        </>
      )}
      {known !== undefined && known.error === undefined && known.event === undefined && (
        <p className="empty">This run has no such event at this server. The link may be of another server.</p>
      )}
      {isForbidden(known?.error) && <p className="empty">The rest of it needs the right to read this run (readRun).</p>}
      {known?.error !== undefined && !isForbidden(known.error) && <Problem error={known.error} />}
    </aside>
  );
}

type Rows = readonly (readonly [label: string, value: ReactNode])[];

function Rows({ rows }: { readonly rows: Rows }): ReactNode {
  return (
    <dl>
      {rows.map(([label, value], index) => (
        <div key={`${label} ${String(index)}`}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function knownRows({ line, reason, at }: Row): Rows {
  return [
    ["What", <code key="line">{line}</code>],
    ...(reason === "" ? [] : [["Because", reason] as const]),
    ["When", <Time key="at" at={at} />],
    ["In UTC", new Date(at).toISOString()],
  ];
}

function Whole({ event }: { readonly event: RunEvent }): ReactNode {
  return (
    <>
      <Rows rows={[...decidedRows(event), ...execRows(event), ...fileRows(event)]} />
      <h3>As it is in the record</h3>
      <pre tabIndex={0}>
        {JSON.stringify(event, undefined, 2)
          .split("\n")
          .map((line) => `${escapeControls(line)}\n`)}
      </pre>
    </>
  );
}

function decidedRows(event: RunEvent): Rows {
  if (!("decision" in event)) return [];
  const { policies, instead, approver, failure } = event.decision;
  return [
    ...(policies.length === 0 ? [] : [["Policy", escapeControls(policies.join(", "))] as const]),
    ...(instead === undefined ? [] : [["Instead", escapeControls(instead)] as const]),
    ...(approver === undefined ? [] : [["Asked", escapeControls(approver)] as const]),
    ...(failure === undefined ? [] : [["Failure", escapeControls(failure)] as const]),
  ];
}

function execRows(event: RunEvent): Rows {
  if (event.type !== "exec.allowed" && event.type !== "exec.refused") return [];
  const { argv, cwd, program, also = [] } = event;
  return [
    ["Command", <code key="argv">{formatCommand(argv.values, Number.MAX_SAFE_INTEGER)}</code>],
    ["In", escapeControls(cwd)],
    ...[program, ...also].map(
      ({ path, digest }) => ["Ran", <code key={path}>{escapeControls(`${path} (${digest})`)}</code>] as const,
    ),
  ];
}

function fileRows(event: RunEvent): Rows {
  if (event.type !== "files.changed") return [];
  const { paths, count } = event;
  const more = count > paths.length ? `, of which the first ${String(paths.length)}` : "";
  return [
    [`Changed (${String(count)}${more})`, <code key="paths">{paths.map((path) => `${escapeControls(path)}\n`)}</code>],
  ];
}
