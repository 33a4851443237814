import { useCallback } from "react";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { usePages, type Pages } from "../rows/use-pages.ts";
import { server } from "../server.ts";

export type Found = AnswerOf<"searchEvents">["items"][number];

/** Newest first. */
export type Search = Pages<AnswerOf<"searchEvents">>;

const PAGE = 100;

/** What is found of runs that the caller may read. @param query empty: nothing is asked */
export function useSearch(query: string): Search {
  const ask = useCallback(
    async (after: number | undefined, signal: AbortSignal) =>
      await server.call("searchEvents", { query: { query, limit: PAGE, after } }, { signal }),
    [query],
  );
  return usePages(query === "" ? undefined : ask);
}
