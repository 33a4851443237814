export type { Event, EventOf } from "./events.ts";
export { AuditError, type AuditErrorCode } from "./errors.ts";
export type { NewEvent, RunLog, TreeHead } from "./log-types.ts";
export { openRunLog, type RunLogOptions } from "./run-log.ts";
