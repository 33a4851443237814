import type { Event } from "@bailiwick/audit";
import { plain } from "../format.ts";
import { LiveView } from "../runs/live-view.ts";

/** Something that the record says, at its time in the recording. */
export interface Moment {
  /** Milliseconds since the recording began; what came before it is at 0. */
  readonly at: number;
  /** One line for people, of which nothing moves a cursor. */
  readonly text: string;
  readonly isRefusal: boolean;
}

/** Of what is shown as a moment: what was decided, run and reached, without what tells of the recording itself. */
export function momentsOf(events: readonly Event[], startedAt: number): Moment[] {
  const view = new LiveView(plain);
  const moments: Moment[] = [];
  for (const event of events) {
    for (const line of view.lines([event])) {
      // The clock before it is that of the wall.
      const text = line.replace(/^\d\d:\d\d:\d\d {2}/, "").replaceAll("\n", " ");
      const isRefusal =
        event.type === "exec.refused" || event.type === "host.refused" || event.type === "exec.tampered";
      moments.push({ at: Math.max(0, event.at - startedAt), text, isRefusal });
    }
  }
  return moments.sort((a, b) => a.at - b.at);
}
