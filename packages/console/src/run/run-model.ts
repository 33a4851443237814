/** A run as its events tell it: a tree of what started what, in the order of their beginning within each. */
import type { SeenEvent } from "@bailiwick/control-plane/contract";
import { RowList } from "./row-list.ts";
import { endOf, rowOf, type End, type EventOf, type Row, type RunEvent } from "./rows.ts";

export interface Counts {
  readonly commands: number;
  readonly connections: number;
  readonly requests: number;
  readonly refused: number;
  readonly asked: number;
}

export class RunModel {
  /** In the order of arrival, ascending by `seq`. */
  readonly rows: Row[] = [];
  readonly tree = new RowList<Row>();
  started: EventOf<"run.started"> | undefined;
  ended: EventOf<"run.ended"> | undefined;
  /** From when on its terminal was recorded. */
  recording: EventOf<"recording.opened"> | undefined;
  readonly #counts = { commands: 0, connections: 0, requests: 0, refused: 0, asked: 0 };
  readonly #execs = new Map<number, Row>();
  readonly #connections = new Map<number, Row>();
  readonly #requests = new Map<number, Row>();
  /** The last row of the run itself, under nothing. */
  #lastRoot: Row | undefined;

  get counts(): Counts {
    return this.#counts;
  }

  add(seen: SeenEvent): void {
    const { seq, event } = seen;
    if (event.type === "run.started") this.started = event;
    else if (event.type === "run.ended") this.ended = event;
    else if (event.type === "recording.opened") this.recording = event;
    else if (event.type === "exec.ended") setEnd(this.#execs.get(event.exec), endOf(seq, event));
    else if (event.type === "connection.closed") setEnd(this.#connections.get(event.connection), endOf(seq, event));
    else if (event.type === "request.ended") setEnd(this.#requests.get(event.request), endOf(seq, event));
    else {
      const row = rowOf(seen, this.#parentOf(event));
      if (row !== undefined) this.#insert(row, event);
    }
  }

  /** The row of an event, or the one that shows how it ended. */
  find(seq: number): Row | undefined {
    const { rows } = this;
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((rows[middle]?.seq ?? Infinity) < seq) low = middle + 1;
      else high = middle;
    }
    if (rows[low]?.seq === seq) return rows[low];
    return rows.findLast(({ end }) => end?.seq === seq);
  }

  #parentOf(event: RunEvent): Row | undefined {
    if (event.type === "exec.allowed" || event.type === "exec.refused") return this.#execs.get(event.parent);
    if (event.type === "tool.called") return this.#requests.get(event.request);
    return "exec" in event && event.exec !== undefined ? this.#execs.get(event.exec) : undefined;
  }

  #insert(row: Row, event: RunEvent): void {
    const before = row.parent === undefined ? this.#lastRoot : (row.parent.last ?? row.parent);
    this.tree.insertAfter(before === undefined || before === row.parent ? before : lastWithin(before), row);
    if (row.parent === undefined) this.#lastRoot = row;
    else row.parent.last = row;
    this.rows.push(row);
    this.#count(row);
    // Only what ran can have children: a refused exec's own id is never anybody's parent.
    if (event.type === "exec.allowed") this.#execs.set(event.exec, row);
    if (event.type === "connection.opened") this.#connections.set(event.connection, row);
    if (event.type === "request.sent") this.#requests.set(event.request, row);
  }

  #count({ type, decision, asked }: Row): void {
    const counts = this.#counts;
    if (type.startsWith("exec.")) counts.commands += 1;
    if (type === "connection.opened") counts.connections += 1;
    if (type.startsWith("request.")) counts.requests += 1;
    if (decision === "refused") counts.refused += 1;
    if (asked && type !== "approval") counts.asked += 1;
  }
}

function setEnd(row: Row | undefined, end: End): void {
  if (row !== undefined) row.end = end;
}

function lastWithin(row: Row): Row {
  let last = row;
  while (last.last !== undefined) last = last.last;
  return last;
}
