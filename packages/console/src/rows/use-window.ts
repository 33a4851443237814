import { useLayoutEffect, useRef, useState, type RefObject } from "react";

/** Browsers lay out nothing below some 33 million pixels: rows beyond this many would be out of reach. */
export const MOST_ROWS = 1_000_000;
const OVERSCAN = 8;

export interface Window {
  /** The box that scrolls. */
  readonly box: RefObject<HTMLDivElement | null>;
  /** Rows to be in the document: from, and before which. */
  readonly from: number;
  readonly to: number;
}

/** Scrolls to a row, where it is out of sight. */
export function showRow(element: HTMLDivElement | null, index: number, rowPx: number): void {
  if (element === null) return;
  const top = index * rowPx;
  // The head of the columns covers a row.
  const seen = element.clientHeight - 2 * rowPx;
  if (top < element.scrollTop || top > element.scrollTop + seen) element.scrollTop = Math.max(0, top - seen / 2);
}

/** Which rows of one height are in sight: nothing else is in the document, and nothing is done for each row that is not. */
export function useWindow(count: number, rowPx: number): Window {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ first: 0, rows: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = (): void => {
      const first = Math.floor(element.scrollTop / rowPx);
      const rows = Math.ceil(element.clientHeight / rowPx) + 1;
      setSeen((before) => (before.first === first && before.rows === rows ? before : { first, rows }));
    };
    look();
    element.addEventListener("scroll", look, { passive: true });
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      element.removeEventListener("scroll", look);
      sizes.disconnect();
    };
  }, [rowPx]);
  const to = Math.min(count, seen.first + seen.rows + OVERSCAN);
  return { box, from: Math.max(0, Math.min(seen.first, to) - OVERSCAN), to };
}
