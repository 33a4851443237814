export { SearchError, type SearchErrorCode } from "./errors.ts";
export { findableOf, type Findable, type Tag } from "./findable/index.ts";
export { remove as removeIndex } from "./index-file.ts";
export { parseMoment, type Moment } from "./moment.ts";
export { FIELDS, parseQuery, type Field, type Filter, type Query, type Term } from "./query.ts";
export { SearchIndex, type Found, type FoundRun, type SearchOptions } from "./search.ts";
