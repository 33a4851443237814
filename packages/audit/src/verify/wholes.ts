import type { Event } from "../events.ts";

/** Digests of the files that hold what was too long for an event. */
export function wholesOf(event: Event): string[] {
  const digests = [
    event.whole,
    "argv" in event ? event.argv.whole : undefined,
    "command" in event ? event.command.whole : undefined,
  ];
  return digests.filter((digest) => digest !== undefined);
}
