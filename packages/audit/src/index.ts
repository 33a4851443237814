export { eventSchema, type Event, type EventOf } from "./events.ts";
export type { NewEvent, RunLog, TreeHead } from "./log-types.ts";
