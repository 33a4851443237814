export { SearchError, type SearchErrorCode } from "./errors.ts";
export { remove as removeIndex } from "./index-file.ts";
export { FIELDS, parseQuery, type Field, type Filter, type Query, type Term } from "./query.ts";
export { SearchIndex, type Found, type FoundRun, type SearchOptions } from "./search.ts";
