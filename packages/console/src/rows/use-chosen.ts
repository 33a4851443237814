import { useState, type RefObject } from "react";
import { useKeys } from "../keys.ts";
import { showRow } from "./use-window.ts";

interface ChosenRows<T> {
  readonly items: readonly T[];
  readonly box: RefObject<HTMLDivElement | null>;
  readonly rowPx: number;
  /** What `Enter` does; undefined: the list of the page is another, and keys are for that. */
  readonly onOpen: ((item: T) => void) | undefined;
}

/** Rows that `j`, `k` and `Enter` are for. @returns the index of the chosen one; -1: none */
export function useChosen<T>({ items, box, rowPx, onOpen }: ChosenRows<T>): number {
  const [chosen, setChosen] = useState(-1);
  const go = (index: number): void => {
    const at = Math.max(0, Math.min(items.length - 1, index));
    setChosen(at);
    showRow(box.current, at, rowPx);
  };
  const open = (): void => {
    const item = items[chosen];
    if (item !== undefined) onOpen?.(item);
  };
  const [down, up] = [() => go(chosen + 1), () => go(chosen - 1)];
  useKeys(onOpen === undefined ? {} : { j: down, ArrowDown: down, k: up, ArrowUp: up, Enter: open });
  return chosen;
}
