import { readOnly } from "../store/read-only.ts";
import type { DatedNote, Note } from "./note.ts";

/** Beyond this nothing is read any more: what was done could not be said. */
const MOST = 10_000;

/**
 * What people read while the database took nothing: written as soon as it takes something again, in its order, with the time at which it
 * was done. Lost with the process, which is why nothing that changes something is ever owed.
 */
export class Owed {
  readonly #notes: DatedNote[] = [];

  get notes(): readonly DatedNote[] {
    return this.#notes;
  }

  /** @throws ServerError SERVER_READ_ONLY when too much is owed already */
  add(at: number, note: Note): void {
    if (this.#notes.length >= MOST) throw readOnly();
    this.#notes.push({ at, note: { ...note, late: true } });
  }

  /** The first so many are durable. */
  paid(count: number): void {
    this.#notes.splice(0, count);
  }
}
