import { z } from "zod";
import { eventSchema } from "./events.ts";

export function eventJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(eventSchema),
    title: "Bailiwick event, version 1",
    description: "The payload of one entry of the log: one JSON object in UTF-8.",
  };
}
