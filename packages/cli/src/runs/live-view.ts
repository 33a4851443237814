import type { Event, EventOf } from "@bailiwick/audit";
import { escapeControls } from "@bailiwick/base";
import { formatClock, type Paint } from "../format.ts";
import { endText, execText, otherText } from "./event-text.ts";

interface Running {
  readonly depth: number;
  readonly name: string;
}

/** Deeper than this, a line would be indentation only. */
const DEEPEST = 20;
/** An end that is told apart from its start has to say something: it took long, or went wrong. */
const LONG_MS = 100;

/** A run as it happens, line by line; indented by who started what. Keeps only what is running. */
export class LiveView {
  readonly #paint: Paint;
  readonly #running = new Map<number, Running>();

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  /** The lines for events that came together: an exec whose end is among them takes one line. */
  lines(events: readonly Event[]): string[] {
    const ends = new Map<number, EventOf<"exec.ended">>();
    for (const event of events) if (event.type === "exec.ended") ends.set(event.exec, event);
    return events.flatMap((event) => this.#line(event, ends) ?? []);
  }

  #line(event: Event, ends: Map<number, EventOf<"exec.ended">>): string | undefined {
    switch (event.type) {
      case "exec.allowed":
      case "exec.refused": {
        const depth = Math.min(DEEPEST, (this.#running.get(event.parent)?.depth ?? -1) + 1);
        const end = ends.get(event.exec);
        ends.delete(event.exec);
        if (event.type === "exec.allowed") {
          const name = event.argv.values[0] ?? event.program.path;
          // Also when its end came with it: what it started stands below it, and comes before its end.
          this.#running.set(event.exec, { depth, name });
        }
        return this.#at(event, depth, execText(event, end, this.#paint));
      }
      case "exec.ended": {
        const known = this.#running.get(event.exec);
        this.#running.delete(event.exec);
        const told = ends.get(event.exec) !== event;
        const dull = event.wallMs < LONG_MS && (event.status ?? 1) === 0;
        if (known === undefined || told || dull || event.replacedBy !== undefined) return undefined;
        return this.#at(event, known.depth, this.#paint("dim", `· ${escapeControls(known.name)}: ${endText(event)}`));
      }
      case "connection.opened":
      case "connection.closed":
      case "host.refused":
      case "request.sent":
      case "request.refused":
      case "request.ended":
      case "credential.misused":
      case "leak.found":
      case "approval":
      case "exec.tampered":
      case "tool.called":
      case "model.called":
      case "budget.spent":
      case "files.changed":
      case "run.frozen":
      case "protection.renewed":
      case "record.witnessed":
      case "run.erased":
      case "key.rotated":
      case "recording.opened":
      case "recording.grown":
      case "recording.closed":
      case "run.started":
      case "run.ended": {
        const exec = "exec" in event ? event.exec : undefined;
        const depth = (this.#running.get(exec ?? -1)?.depth ?? -1) + 1;
        const text = otherText(event, this.#paint);
        return text === undefined ? undefined : this.#at(event, depth, text);
      }
    }
  }

  #at({ at }: { readonly at: number }, depth: number, text: string): string {
    return `${this.#paint("dim", formatClock(at))}  ${"  ".repeat(depth)}${text}`;
  }
}
