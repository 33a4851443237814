export { SearchError, type SearchErrorCode } from "./errors.ts";
export { FIELDS, parseQuery, type Field, type Filter, type Query, type Term } from "./query.ts";
export { SearchIndex, type Found, type FoundRun, type SearchOptions } from "./search.ts";
