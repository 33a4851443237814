import { parseSize } from "./asciicast.ts";
import type { CastFile } from "./cast-file.ts";
import { Screen, type Snapshot } from "./screen.ts";

/** Of output between two snapshots: going back takes no longer than writing so much again. */
const SNAPSHOT_BYTES = 1 << 20;
const MOST_SNAPSHOTS = 400;
/** Written to the screen at a time. */
const WRITE_CHARACTERS = 64 * 1024;

/** A recording as it is played. It may grow meanwhile. */
export type Played = Pick<CastFile, "header" | "after" | "events">;

interface Known {
  readonly index: number;
  readonly snapshot: Snapshot;
}

/** The picture of a recording at any time. */
export class Player {
  readonly #file: Played;
  readonly #screen: Screen;
  /** Sorted by index; the first is the beginning. */
  readonly #known: Known[];
  /** Events that are on the screen. */
  #shown = 0;
  #sinceSnapshot = 0;

  constructor(file: Played) {
    this.#file = file;
    this.#screen = new Screen(file.header);
    this.#known = [{ index: 0, snapshot: this.#screen.snapshot() }];
  }

  get screen(): Screen {
    return this.#screen;
  }

  /** Shows what was to be seen at a time, in milliseconds from the beginning. @param isWanted asked now and then: false ends the work where it is */
  async show(time: number, isWanted: () => boolean = () => true): Promise<void> {
    const target = this.#file.after(time);
    if (target < this.#shown || this.#hasBetterThan(this.#shown, target)) await this.#goBack(target);
    if (target > this.#shown) await this.#play(target, isWanted);
  }

  #hasBetterThan(from: number, target: number): boolean {
    return (this.#known.findLast(({ index }) => index <= target)?.index ?? 0) > from;
  }

  async #goBack(target: number): Promise<void> {
    const known = this.#known.findLast(({ index }) => index <= target);
    if (known === undefined) return;
    await this.#screen.restore(known.snapshot);
    this.#shown = known.index;
    this.#sinceSnapshot = 0;
  }

  async #play(target: number, isWanted: () => boolean): Promise<void> {
    let text = "";
    const write = async (): Promise<void> => {
      await this.#screen.write(text);
      this.#sinceSnapshot += text.length;
      text = "";
    };
    for await (const { code, data } of this.#file.events(this.#shown, target)) {
      this.#shown++;
      if (code === "o") text += data;
      const size = code === "r" ? parseSize(data) : undefined;
      if (size !== undefined || text.length >= WRITE_CHARACTERS) {
        await write();
        if (size !== undefined) this.#screen.resize(size.columns, size.rows);
        if (!isWanted()) return;
        if (this.#sinceSnapshot >= SNAPSHOT_BYTES) this.#keep();
      }
    }
    await write();
  }

  #keep(): void {
    this.#sinceSnapshot = 0;
    const last = this.#known.at(-1)?.index ?? 0;
    if (this.#shown <= last || this.#known.length >= MOST_SNAPSHOTS) return;
    this.#known.push({ index: this.#shown, snapshot: this.#screen.snapshot() });
  }
}
