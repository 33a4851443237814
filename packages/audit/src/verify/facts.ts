/** What the events of a full bundle say of their runs, packed: a thread gives it to another at no cost. Browser-safe. */
import type { Event, EventOf } from "../events.ts";
import { TILE_WIDTH } from "../tiles.ts";
import { wholesOf } from "./wholes.ts";
import type { StoryFact } from "./story.ts";

/** Events of which only their type, their run and perhaps one number matter to others, with the member that is that number. */
export const BRIEF = {
  "exec.allowed": "exec",
  "exec.refused": undefined,
  "exec.ended": "exec",
  approval: undefined,
  "host.refused": undefined,
  "connection.opened": "connection",
  "connection.closed": "connection",
  "request.sent": "request",
  "request.refused": undefined,
  "request.ended": "request",
} as const satisfies { readonly [T in Event["type"]]?: keyof EventOf<T> | undefined };
export type BriefType = keyof typeof BRIEF;

export function isBriefType(type: string): type is BriefType {
  return Object.hasOwn(BRIEF, type);
}

const TYPES = Object.keys(BRIEF).filter(isBriefType);
const CODES: ReadonlyMap<string, number> = new Map(TYPES.map((type, code) => [type, code]));

export interface BundleFacts {
  /** Each once. */
  readonly runs: readonly string[];
  /** By place in the bundle: the run's index above, the type's among those that are brief, the number of what began or ended, and the call that an exec comes from. */
  readonly run: Uint16Array;
  readonly type: Uint8Array;
  readonly id: Float64Array;
  readonly call: Float64Array;
  /** All other events, by their places. */
  readonly whole: ReadonlyMap<number, Event>;
  /** Places of entries whose personal members are gone. */
  readonly missing: readonly number[];
}

/** A full bundle whose entries are events, each with the personal members that it commits to or with none at all. */
export interface ExaminedBundle {
  /** Of the tile that they hash to. They are in the log if the tile above has it. */
  readonly root: Uint8Array;
  readonly facts: BundleFacts;
}

export interface Examiner {
  /** A full bundle, by its index; undefined where the long way must be taken. Asked in rising order. */
  examine(bundle: number): Promise<ExaminedBundle | undefined>;
  close(): Promise<void>;
}

export interface BriefFact {
  readonly type: Event["type"];
  readonly run: string;
  /** What the member that its row in BRIEF names says. */
  readonly id: number;
  /** The model's call that an exec comes from; 0 where it comes from none, or is no exec. */
  readonly call: number;
}

/** Takes the events of a bundle in their order. */
export class FactsWriter {
  readonly #runs = new Map<string, number>();
  readonly #run = new Uint16Array(TILE_WIDTH);
  readonly #type = new Uint8Array(TILE_WIDTH);
  readonly #id = new Float64Array(TILE_WIDTH);
  readonly #call = new Float64Array(TILE_WIDTH);
  readonly #whole = new Map<number, Event>();
  readonly #missing: number[] = [];
  #place = 0;

  /** @param isMissing its personal members are gone */
  note(event: Event, isMissing: boolean): void {
    if (!isBriefType(event.type) || wholesOf(event).length > 0) this.#whole.set(this.#place, event);
    this.noteBrief({ type: event.type, run: event.run, id: idOf(event), call: callOf(event) }, isMissing);
  }

  noteBrief({ type, run, id, call }: BriefFact, isMissing: boolean): void {
    const place = this.#place++;
    let known = this.#runs.get(run);
    if (known === undefined) this.#runs.set(run, (known = this.#runs.size));
    this.#run[place] = known;
    this.#type[place] = CODES.get(type) ?? 0;
    this.#id[place] = id;
    this.#call[place] = call;
    if (isMissing) this.#missing.push(place);
  }

  finish(): BundleFacts {
    return {
      runs: [...this.#runs.keys()],
      run: this.#run,
      type: this.#type,
      id: this.#id,
      call: this.#call,
      whole: this.#whole,
      missing: this.#missing,
    };
  }
}

function idOf(event: Event): number {
  if ("request" in event) return event.request;
  return event.type === "connection.opened" || event.type === "connection.closed"
    ? event.connection
    : "exec" in event
      ? (event.exec ?? 0)
      : 0;
}

function callOf(event: Event): number {
  return "origin" in event && event.origin?.kind === "call" ? event.origin.call : 0;
}

/** The run of an entry, by its place. */
export function runAt(facts: BundleFacts, place: number): string {
  return facts.runs[facts.run[place] ?? 0] ?? "";
}

/** The brief fact at a place at which there is no whole event. */
export function factAt(facts: BundleFacts, place: number): StoryFact {
  const run = runAt(facts, place);
  const id = facts.id[place] ?? 0;
  const type = TYPES[facts.type[place] ?? 0] ?? "exec.refused";
  switch (type) {
    case "exec.allowed":
      return { type, run, exec: id, ...originAt(facts, place) };
    case "exec.refused":
      return { type, run, ...originAt(facts, place) };
    case "exec.ended":
      return { type, run, exec: id };
    case "connection.opened":
    case "connection.closed":
      return { type, run, connection: id };
    case "request.sent":
    case "request.ended":
      return { type, run, request: id };
    case "approval":
    case "host.refused":
    case "request.refused":
      return { type, run };
  }
}

/** Only an origin that is a call says something that other entries must bear out. */
function originAt({ call }: BundleFacts, place: number): Pick<EventOf<"exec.allowed">, "origin"> {
  const from = call[place] ?? 0;
  return from === 0 ? {} : { origin: { kind: "call", call: from } };
}
