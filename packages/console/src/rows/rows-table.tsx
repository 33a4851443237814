import type { ReactNode } from "react";
import { RowsHead } from "./rows-head.tsx";
import { useChosen } from "./use-chosen.ts";
import { useWindow } from "./use-window.ts";

const ROW_PX = 36;
/** Rows of a list among others, which scrolls in itself beyond them. */
const MOST_ROWS_SEEN = 14;

interface RowsTableProps<T> {
  readonly label: string;
  /** Of the columns' widths, in console.css. */
  readonly className: string;
  readonly columns: readonly string[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** As many as there are columns. */
  readonly cells: (item: T) => readonly ReactNode[];
  /** The list of the page: `j`, `k` and `Enter` are for it. */
  readonly onOpen?: (item: T) => void;
}

/** A list of which only rows in sight are in the document. */
export function RowsTable<T>(props: RowsTableProps<T>): ReactNode {
  const { label, className, columns, items, keyOf, cells, onOpen } = props;
  const { box, from, to } = useWindow(items.length, ROW_PX);
  const at = useChosen({ items, box, rowPx: ROW_PX, onOpen });
  const seen = Math.min(items.length, MOST_ROWS_SEEN) + 1;
  return (
    <div
      className={`rows listed ${className}`}
      ref={box}
      role="table"
      aria-label={label}
      aria-rowcount={items.length + 1}
      tabIndex={0}
      style={{ height: seen * ROW_PX }}
    >
      <RowsHead names={columns} />
      <div role="rowgroup" className="rows-body" style={{ height: items.length * ROW_PX }}>
        {items.slice(from, to).map((item, place) => (
          <div
            key={keyOf(item)}
            role="row"
            className={from + place === at ? "row chosen" : "row"}
            aria-rowindex={from + place + 2}
            style={{ transform: `translateY(${String((from + place) * ROW_PX)}px)` }}
          >
            {cells(item).map((cell, column) => (
              <span role="cell" key={columns[column]}>
                {cell}
              </span>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
