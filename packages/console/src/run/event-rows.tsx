import { memo, useEffect, useLayoutEffect, useRef, type ReactNode } from "react";
import { formatDuration } from "@bailiwick/base";
import { RowsHead } from "../rows/rows-head.tsx";
import { MOST_ROWS, showRow, useWindow } from "../rows/use-window.ts";
import { Time } from "../time.tsx";
import { Decision } from "./decision.tsx";
import { wordOf, type Row } from "./rows.ts";

export const ROW_PX = 28;
/** Deeper than this, a line would be indentation only. */
const DEEPEST = 20;

/** Rows in some order. */
export interface Rows {
  readonly length: number;
  at(index: number): Row | undefined;
  /** -1: it is not among them. */
  indexOf(row: Row): number;
}

interface EventRowsProps {
  readonly rows: Rows;
  /** Changes with what the rows are. */
  readonly version: number;
  /** Rows of a filter stand for themselves. */
  readonly flat: boolean;
  readonly selected: Row | undefined;
  /** What happened last at the moment that is being played. */
  readonly now: Row | undefined;
  /** The same function as long as the page is. */
  readonly onSelect: (seq: number) => void;
}

/** What happened, row by row. Only what is in sight is in the document. */
export function EventRows({ rows, version, flat, selected, now, onSelect }: EventRowsProps): ReactNode {
  const length = Math.min(rows.length, MOST_ROWS);
  const { box, from, to } = useWindow(length, ROW_PX);
  useStay(box, rows, version);
  useEffect(() => {
    const index = selected === undefined ? -1 : rows.indexOf(selected);
    if (index >= 0) showRow(box.current, index, ROW_PX);
    // Only when another is selected, or the rows are others: not whenever one is added.
  }, [box, selected, rows]);
  useEffect(() => {
    const index = now === undefined ? -1 : rows.indexOf(now);
    if (index >= 0) showRow(box.current, index, ROW_PX);
  }, [box, now, rows]);
  const shown: ReactNode[] = [];
  for (let index = from; index < to; index++) {
    const row = rows.at(index);
    if (row !== undefined) {
      shown.push(
        <EventRow
          key={row.seq}
          {...{ row, index, flat, onSelect }}
          end={row.end}
          selected={row === selected}
          isNow={row === now}
        />,
      );
    }
  }
  const isInSight = selected !== undefined && shown.length > 0;
  return (
    <div
      className="rows events"
      ref={box}
      role="treegrid"
      aria-label="What happened"
      aria-rowcount={rows.length + 1}
      {...(isInSight && { "aria-activedescendant": `event-${String(selected.seq)}` })}
      tabIndex={0}
    >
      <RowsHead names={["Time", "Kind", "What", "Decision", "Took"]} />
      <div role="rowgroup" className="rows-body" style={{ height: length * ROW_PX }}>
        {shown}
      </div>
    </div>
  );
}

interface EventRowProps extends Pick<EventRowsProps, "flat" | "onSelect"> {
  readonly row: Row;
  /** What changes of it. */
  readonly end: Row["end"];
  readonly index: number;
  readonly selected: boolean;
  readonly isNow: boolean;
}

/** Drawn anew only when something of it is another: whoever scrolls sees most rows again. */
const EventRow = memo(function EventRow({
  row,
  end,
  index,
  flat,
  selected,
  isNow,
  onSelect,
}: EventRowProps): ReactNode {
  const { seq, at, type, line, reason } = row;
  const depth = flat ? 0 : row.depth;
  return (
    <div
      role="row"
      id={`event-${String(seq)}`}
      className="row"
      aria-rowindex={index + 2}
      aria-level={depth + 1}
      aria-selected={selected}
      {...(isNow && { "aria-current": "time" as const })}
      style={{ transform: `translateY(${String(index * ROW_PX)}px)` }}
      onClick={() => {
        onSelect(seq);
      }}
    >
      <span role="gridcell">
        <Time at={at} clock />
      </span>
      <span role="gridcell" className="quiet">
        {wordOf(type)}
      </span>
      <span role="gridcell" className="what" style={{ paddingLeft: Math.min(depth, DEEPEST) * 14 }}>
        <code>{line}</code>
        {reason !== "" && <span className="quiet"> {reason}</span>}
      </span>
      <span role="gridcell">
        <Decision {...row} />
      </span>
      <span role="gridcell" className={end?.failed === true ? "bad" : "quiet"}>
        {end !== undefined && [formatDuration(end.wallMs), end.how].filter((part) => part !== "").join(", ")}
      </span>
    </div>
  );
});

/** Rows that are added above do not move what is looked at; who looks at the end stays there. */
function useStay(box: { readonly current: HTMLDivElement | null }, rows: Rows, version: number): void {
  const seen = useRef<{
    readonly rows: Rows;
    readonly row: Row | undefined;
    readonly index: number;
    readonly atEnd: boolean;
  }>(undefined);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const before = seen.current;
    if (before?.rows === rows) {
      if (before.atEnd) element.scrollTop = element.scrollHeight;
      else if (before.row !== undefined) {
        const moved = rows.indexOf(before.row) - before.index;
        if (moved !== 0) element.scrollTop += moved * ROW_PX;
      }
    }
    const look = (): void => {
      const index = Math.floor(element.scrollTop / ROW_PX);
      const isLong = element.scrollHeight > element.clientHeight;
      const atEnd = isLong && element.scrollTop + element.clientHeight >= element.scrollHeight - 2;
      seen.current = { rows, row: rows.at(index), index, atEnd };
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      element.removeEventListener("scroll", look);
    };
  }, [box, rows, version]);
}
