import { loadPlayer, type CastFile } from "@bailiwick/recording";
import { ReplayClock } from "./clock.ts";
import type { OpenedRun } from "./opened-run.ts";
import { drawPage } from "./page.ts";
import { clockText } from "./times.ts";
import { momentsOf, type Moment } from "./timeline.ts";

const FRAME_MS = 33;
const JUMP_MS = 5_000;
/** The keys of the help, as terminals send them. */
const KEYS: Readonly<Record<string, (session: ReplaySession) => void>> = {
  " ": (session) => {
    session.clock.togglePause();
  },
  "\u001b[D": (session) => {
    session.clock.seek(session.clock.time - JUMP_MS);
  },
  "\u001b[C": (session) => {
    session.clock.seek(session.clock.time + JUMP_MS);
  },
  "[": (session) => {
    session.seekRefusal(-1);
  },
  "]": (session) => {
    session.seekRefusal(1);
  },
  "+": (session) => {
    session.clock.changeSpeed(2);
  },
  "-": (session) => {
    session.clock.changeSpeed(0.5);
  },
  q: (session) => {
    session.end();
  },
  "\u0003": (session) => {
    session.end();
  },
};
const KEY = /\u001b[[O][A-D]|[^]/g;

const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";

/** A replay before a person. Nothing of the recording reaches their terminal but characters and colours, drawn cell by cell. */
export class ReplaySession {
  readonly clock: ReplayClock;
  readonly #recording: CastFile;
  readonly #moments: readonly Moment[];
  readonly #run: string;
  #lines: readonly string[] = [];
  #genuine: "yes" | "no" | "unknown" = "unknown";
  #isOver = false;
  /** Something changed while nobody waited for it. */
  #isStale = false;
  #resume: (() => void) | undefined;

  constructor(
    opened: OpenedRun,
    recording: CastFile,
    start: { readonly from: number; readonly speed: number; readonly idleLimit: number },
  ) {
    this.#recording = recording;
    this.#run = opened.run;
    this.#moments = momentsOf(opened.events, opened.startedAt);
    const frames = Array.from({ length: recording.length }, (_, index) => recording.timeOf(index) ?? 0);
    const happenings = [...frames, ...this.#moments.map(({ at }) => at)].sort((a, b) => a - b);
    this.clock = new ReplayClock(happenings, start);
  }

  setGenuine(genuine: boolean | undefined): void {
    this.#genuine = genuine === undefined ? "unknown" : genuine ? "yes" : "no";
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
  }

  /** Forward: the first refusal behind the present time; back: the last one before it. */
  seekRefusal(direction: -1 | 1): void {
    const { time } = this.clock;
    const refusals = this.#moments.filter(({ isRefusal }) => isRefusal);
    const found = direction > 0 ? refusals.find(({ at }) => at > time) : refusals.findLast(({ at }) => at < time);
    if (found !== undefined) this.clock.seek(found.at);
  }

  /** Resolves when the person has had enough. The terminal is as it was then. */
  async run(): Promise<void> {
    const { Player } = await loadPlayer();
    const player = new Player(this.#recording);
    const restore = this.#takeTerminal();
    try {
      let before = performance.now();
      while (!this.#isOver) {
        const now = performance.now();
        this.clock.advance(now - before);
        before = now;
        const { time } = this.clock;
        await player.show(time, () => !this.#isOver && this.clock.time >= time);
        this.#draw(player.screen);
        await this.#nextFrame();
      }
    } finally {
      restore();
      player.screen.dispose();
    }
  }

  /** Resolves when there may be something new to draw. */
  async #nextFrame(): Promise<void> {
    const isStill = this.clock.isPaused || this.clock.isOver;
    if (!this.#isStale) {
      await new Promise<void>((resolve) => {
        const timer = isStill ? undefined : setTimeout(resolve, FRAME_MS);
        this.#resume = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isStale = false;
    this.#resume = undefined;
  }

  #wake(): void {
    this.#isStale = true;
    this.#resume?.();
  }

  #takeTerminal(): () => void {
    const { stdin, stdout } = process;
    const onKeys = (keys: Buffer): void => {
      for (const [key] of keys.toString("utf8").matchAll(KEY)) KEYS[key.replace("\u001bO", "\u001b[")]?.(this);
      this.#wake();
    };
    const onSize = (): void => {
      this.#lines = [];
      this.#write("\u001b[2J");
      this.#wake();
    };
    const onGone = (): void => {
      this.end();
      this.#wake();
    };
    stdin.setRawMode(true).on("data", onKeys).on("end", onGone).on("error", onGone);
    stdout.on("resize", onSize).on("error", onGone);
    process.once("SIGTERM", onGone);
    process.once("SIGHUP", onGone);
    this.#write(ENTER);
    return () => {
      stdin.off("data", onKeys).setRawMode(false).pause();
      stdout.off("resize", onSize);
      this.#write(LEAVE);
    };
  }

  #draw(screen: InstanceType<Awaited<ReturnType<typeof loadPlayer>>["Player"]>["screen"]): void {
    const { columns = 80, rows = 24 } = process.stdout;
    const lines = drawPage({
      columns,
      rows,
      picture: { columns: screen.columns, rows: screen.rows, line: (row) => screen.line(row) },
      cursorRow: screen.cursor.row,
      moments: this.#moments,
      time: this.clock.time,
      status: this.#status(),
    });
    const changed = lines.flatMap((line, row) =>
      line === this.#lines[row] ? [] : [`\u001b[${String(row + 1)};1H\u001b[m\u001b[2K${line}`],
    );
    this.#lines = lines;
    if (changed.length > 0) this.#write(`\u001b[?2026h${changed.join("")}\u001b[?2026l`);
  }

  #status(): string {
    const { time, duration, speed, isPaused, isOver } = this.clock;
    const sign = isOver ? "■" : isPaused ? "⏸" : "▶";
    const refusals = this.#moments.filter(({ isRefusal }) => isRefusal);
    const past = refusals.filter(({ at }) => at <= time).length;
    const genuine = { yes: "verified", no: "NOT VERIFIED", unknown: "" }[this.#genuine];
    return [
      `${sign} ${clockText(time)} / ${clockText(duration)}`,
      `${String(Math.round(speed * 100) / 100)}x`,
      `${this.#run.slice(-8)} ${genuine}`.trimEnd(),
      refusals.length === 0 ? "none refused" : `${String(past)} of ${String(refusals.length)} refused`,
      "space pause  ← → 5 s  [ ] refusal  + - speed  q quit",
    ].join("   ");
  }

  #write(text: string): void {
    process.stdout.write(text);
  }
}
