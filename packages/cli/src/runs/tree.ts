import type { Event, EventOf } from "@bailiwick/audit";
import { type Paint } from "../format.ts";
import { execText, otherText } from "./event-text.ts";

interface Node {
  /** undefined only for what hangs at an exec that the record does not hold. */
  readonly exec: EventOf<"exec.allowed"> | EventOf<"exec.refused"> | undefined;
  readonly notes: string[];
  readonly children: Node[];
  end: EventOf<"exec.ended"> | undefined;
}

/** A whole run as a tree: what was started by what, how it was decided, how long it took, whom it talked to. */
export class RunTree {
  readonly #paint: Paint;
  readonly #nodes = new Map<number, Node>();
  readonly #roots: Node = newNode(undefined);
  readonly #before: string[] = [];
  readonly #after: string[] = [];

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  add(event: Event): void {
    switch (event.type) {
      case "exec.allowed":
      case "exec.refused": {
        const node = newNode(event);
        // Only what ran can have children: a refused exec's own id is never anybody's parent.
        this.#nodes.set(event.exec, node);
        (this.#nodes.get(event.parent) ?? this.#roots).children.push(node);
        return;
      }
      case "exec.ended": {
        const node = this.#nodes.get(event.exec);
        if (node) node.end = event;
        return;
      }
      case "connection.closed":
      case "request.ended":
      case "tool.called":
      case "recording.opened":
      case "recording.grown":
        return;
      case "connection.opened":
      case "host.refused":
      case "request.sent":
      case "request.refused":
      case "credential.misused":
      case "model.called":
      case "leak.found":
      case "approval":
      case "exec.tampered":
        this.#note(event);
        return;
      case "run.started":
        this.#before.push(otherText(event, this.#paint) ?? "");
        return;
      case "recording.closed":
      case "budget.spent":
      case "files.changed":
      case "record.witnessed":
      case "run.frozen":
      case "protection.renewed":
      case "run.erased":
      case "key.rotated":
      case "run.ended":
        this.#after.push(otherText(event, this.#paint) ?? "");
    }
  }

  *lines(): Generator<string> {
    yield* this.#before;
    // A stack of its own: a chain of execs may be deeper than the engine's.
    const waiting: { readonly node: Node; readonly lead: string; readonly last: boolean }[] = [];
    const push = (node: Node, lead: string): void => {
      for (let index = node.children.length - 1; index >= 0; index--) {
        const child = node.children[index];
        if (child) waiting.push({ node: child, lead, last: index === node.children.length - 1 });
      }
    };
    for (const note of this.#roots.notes) yield note;
    push(this.#roots, "");
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const { node, lead, last } = next;
      if (node.exec) yield `${lead}${last ? "└─ " : "├─ "}${execText(node.exec, node.end, this.#paint)}`;
      const below = `${lead}${last ? "   " : "│  "}`;
      for (const note of node.notes) yield `${below}${node.children.length > 0 ? "│  " : "   "}${note}`;
      push(node, below);
    }
    yield* this.#after;
  }

  #note(
    event: EventOf<
      | "connection.opened"
      | "host.refused"
      | "request.sent"
      | "request.refused"
      | "credential.misused"
      | "model.called"
      | "leak.found"
      | "approval"
      | "exec.tampered"
    >,
  ): void {
    const node = this.#nodes.get(event.exec ?? 0) ?? this.#roots;
    node.notes.push(otherText(event, this.#paint) ?? "");
  }
}

function newNode(exec: Node["exec"]): Node {
  return { exec, notes: [], children: [], end: undefined };
}
