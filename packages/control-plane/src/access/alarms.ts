/** Alarms of the server: whom they are for, and what stands. */
import type { Caller } from "../identity/callers.ts";
import type { BreakGlassRow, Database } from "../store/tables.ts";
import type { Authority } from "./authority.ts";
import { breakGlassOfRow, standingBreakGlasses, type BreakGlass } from "./break-glass.ts";
import { COMPANY } from "./resources.ts";

interface Asked {
  readonly db: Database;
  readonly authority: Authority;
  readonly now: () => number;
}

/** Those that are open at this moment, for who may see that. */
export async function breakGlassesFor({ db, authority, now }: Asked, caller: Caller): Promise<BreakGlass[]> {
  return await shownTo(authority, caller, await readStanding(db, now()));
}

/** The same for many who watch, who ask all the time: the database is asked for all of them together. */
export class AlarmBoard {
  readonly #asked: Asked;
  readonly #elapsed: () => number;
  #last: { readonly until: number; readonly rows: Promise<BreakGlassRow[]> } | undefined;

  /** @param elapsed milliseconds by a clock that nobody sets: one that is set back would keep an alarm from everybody */
  constructor(asked: Asked, elapsed: () => number = () => performance.now()) {
    this.#asked = asked;
    this.#elapsed = elapsed;
  }

  /** As it was at most a second ago. */
  async breakGlassesFor(caller: Caller): Promise<BreakGlass[]> {
    return await shownTo(this.#asked.authority, caller, await this.#standing());
  }

  async #standing(): Promise<BreakGlassRow[]> {
    const { db, now } = this.#asked;
    const at = this.#elapsed();
    if (this.#last !== undefined && this.#last.until > at) return await this.#last.rows;
    const asked = { until: at + BELIEVED_MS, rows: readStanding(db, now()) };
    this.#last = asked;
    try {
      return await asked.rows;
    } catch (error) {
      // Nobody goes on with what failed.
      if (this.#last === asked) this.#last = undefined;
      throw error;
    }
  }
}

const BELIEVED_MS = 1_000;

async function readStanding(db: Database, now: number): Promise<BreakGlassRow[]> {
  return await standingBreakGlasses(db, now).orderBy("opened_at").execute();
}

async function shownTo(authority: Authority, caller: Caller, rows: readonly BreakGlassRow[]): Promise<BreakGlass[]> {
  if (rows.length === 0 || !(await authority.decide(caller, "viewBreakGlass", COMPANY)).allowed) return [];
  return rows.map(breakGlassOfRow);
}
