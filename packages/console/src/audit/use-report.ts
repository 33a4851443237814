import { useCallback } from "react";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { usePages } from "../rows/use-pages.ts";
import { server } from "../server.ts";

export type Noted = AnswerOf<"report">["items"][number];

export interface Sought {
  readonly person?: string | undefined;
  readonly action?: string | undefined;
  readonly host?: string | undefined;
  readonly run?: string | undefined;
  readonly team?: string | undefined;
  /** Milliseconds since 1970. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface Report {
  /** Newest first; undefined until the first answer. */
  readonly items: readonly Noted[] | undefined;
  readonly more: (() => void) | undefined;
  readonly notYet: number | undefined;
  readonly error: unknown;
}

const PAGE = 200;

/** Who did what, of what the caller may see the use of. @param sought the same object as long as the same is sought */
export function useReport(sought: Sought): Report {
  const ask = useCallback(
    async (after: number | undefined, signal: AbortSignal) =>
      await server.call("report", { query: { ...sought, order: "newest", limit: PAGE, after } }, { signal }),
    [sought],
  );
  const { items, page, more, error } = usePages(ask);
  return { items, more, notYet: page?.notYet, error };
}
