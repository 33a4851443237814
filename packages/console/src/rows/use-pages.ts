import { useEffect, useRef, useState } from "react";

/** What the server answers of a long list, and where that goes on. */
interface Page {
  readonly items: readonly unknown[];
  readonly next?: number | undefined;
}

type Items<P extends Page> = readonly P["items"][number][];

export interface Pages<P extends Page> {
  /** In the server's order; undefined until the first answer. */
  readonly items: Items<P> | undefined;
  /** The newest answer. */
  readonly page: P | undefined;
  /** There are more, and this asks for them. */
  readonly more: (() => void) | undefined;
  readonly asking: boolean;
  readonly error: unknown;
}

const NOTHING = { items: undefined, page: undefined, more: undefined, asking: false, error: undefined };

/**
 * A list that is asked for page by page, each when somebody wants it.
 * @param ask the same function as long as the same list is wanted; undefined: nothing is asked
 */
export function usePages<P extends Page>(
  ask: ((after: number | undefined, signal: AbortSignal) => Promise<P>) | undefined,
): Pages<P> {
  const [pages, setPages] = useState<Pages<P>>(NOTHING);
  const found = useRef<Items<P>>([]);
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    found.current = [];
    const show = (change: Partial<Pages<P>>): void => {
      if (!signal.aborted) setPages((before) => ({ ...before, ...change }));
    };
    const askNext = (after: number | undefined): void => {
      show({ asking: true, more: undefined });
      ask?.(after, signal).then(
        (page) => {
          if (signal.aborted) return;
          found.current = [...found.current, ...page.items];
          const { next } = page;
          const more = next === undefined ? undefined : () => askNext(next);
          show({ items: found.current, page, more, asking: false, error: undefined });
        },
        (error: unknown) => show({ asking: false, error }),
      );
    };
    setPages(NOTHING);
    if (ask !== undefined) askNext(undefined);
    return () => {
      ending.abort();
    };
  }, [ask]);
  return pages;
}
