import type { EventOf } from "@bailiwick/audit";
import { CLASS, type recordOf } from "./record.ts";

/** What a model was asked, and what it called: an operation of its API. What it cost and said by digest is in `unmapped`: there is no place for that. */
export function modelRecord(event: EventOf<"model.called"> | EventOf<"tool.called">): Parameters<typeof recordOf>[2] {
  const isModel = event.type === "model.called";
  // What every event has is in every record already.
  const said = Object.fromEntries(Object.entries(event).filter(([name]) => !COMMON.has(name)));
  return {
    classUid: CLASS.apiActivity,
    activity: 99,
    activityName: isModel ? "Ask a model" : "Call a tool",
    members: {
      api: {
        operation: isModel ? event.api : event.tool || "tool",
        service: { name: isModel ? (event.model ?? "model") : "model" },
      },
      src_endpoint: { uid: event.run },
      unmapped: said,
    },
  };
}

const COMMON: ReadonlySet<string> = new Set(["v", "run", "at", "type", "whole"]);
