import { BailiwickError } from "@bailiwick/base";

export type SearchErrorCode =
  /** A query that can't be understood; the remedy says what can. */
  "SEARCH_QUERY_INVALID";

export class SearchError extends BailiwickError<SearchErrorCode> {
  override readonly name = "SearchError";
}
