import { useCallback, useEffect, useRef, useState } from "react";
import { Player, type Run } from "@bailiwick/recording/picture";
import type { Recording } from "./use-recording.ts";

/** What the terminal shows at some moment. */
export interface Picture {
  readonly columns: number;
  readonly rows: number;
  readonly lines: readonly (readonly Run[])[];
}

export interface Playback {
  readonly picture: Picture | undefined;
  /** Milliseconds from the beginning. */
  readonly position: number;
  readonly speed: number;
  /** `live`: the end, as it comes. */
  readonly mode: "live" | "playing" | "paused";
  /** The same functions as long as the recording is. */
  readonly seek: (position: number) => void;
  readonly toggle: () => void;
  readonly goLive: () => void;
  readonly faster: (steps: 1 | -1) => void;
}

const SPEEDS = [0.5, 1, 2, 4, 8, 16] as const;

interface Moving {
  readonly mode: Playback["mode"];
  readonly position: number;
}

/** @param first where it is at first, in milliseconds; undefined: at its end */
export function usePlayback({ cast, version, standing }: Recording, first: number | undefined): Playback {
  const [moving, setMoving] = useState<Moving>(() =>
    first === undefined ? { mode: "live", position: 0 } : { mode: "paused", position: Math.max(0, first) },
  );
  const [speed, setSpeed] = useState<number>(1);
  const duration = cast.duration;
  const isGrowing = standing === "live" || standing === "lost";
  const position = moving.mode === "live" ? duration : Math.min(moving.position, duration);
  const mode = moving.mode === "live" && !isGrowing && standing !== "loading" ? "paused" : moving.mode;
  useTicks(mode === "playing", (passedMs) => {
    setMoving((before) => {
      const next = before.position + passedMs * speed;
      if (next < cast.duration) return { mode: "playing", position: next };
      return { mode: isGrowing ? "live" : "paused", position: cast.duration };
    });
  });
  const seek = useCallback((to: number) => {
    setMoving({ mode: "paused", position: Math.max(0, to) });
  }, []);
  return {
    picture: usePicture(cast, position, version),
    ...{ position, speed, mode, seek },
    toggle: () => {
      if (mode === "playing") setMoving({ mode: "paused", position });
      // What has come to its end begins anew.
      else setMoving({ mode: "playing", position: position >= duration && !isGrowing ? 0 : position });
    },
    goLive: () => {
      setMoving({ mode: "live", position: duration });
    },
    faster: (steps) => {
      setSpeed((before) => SPEEDS[SPEEDS.findIndex((each) => each === before) + steps] ?? before);
    },
  };
}

/** Calls back before each time that the browser draws, with the milliseconds since the last. */
function useTicks(isOn: boolean, onTick: (passedMs: number) => void): void {
  const latest = useRef(onTick);
  useEffect(() => {
    latest.current = onTick;
  });
  useEffect(() => {
    if (!isOn) return;
    let before: number | undefined;
    let frame = 0;
    const tick = (now: number): void => {
      if (before !== undefined) latest.current(now - before);
      before = now;
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [isOn]);
}

/** The picture at a position: the one that was wanted last, when it is ready. */
function usePicture(cast: Recording["cast"], position: number, version: number): Picture | undefined {
  const [picture, setPicture] = useState<Picture>();
  const drawing = useRef<Drawing>(undefined);
  useEffect(() => {
    if (!cast.hasBegun) return;
    if (drawing.current?.cast !== cast) {
      drawing.current?.end();
      drawing.current = new Drawing(cast, setPicture);
    }
    drawing.current.show(position);
  }, [cast, position, version]);
  useEffect(
    () => () => {
      drawing.current?.end();
      drawing.current = undefined;
    },
    [],
  );
  return picture;
}

class Drawing {
  readonly cast: Recording["cast"];
  readonly #player: Player;
  readonly #onPicture: (picture: Picture) => void;
  #wanted = 0;
  #turn = 0;
  #isBusy = false;
  #isOver = false;

  constructor(cast: Recording["cast"], onPicture: (picture: Picture) => void) {
    this.cast = cast;
    this.#player = new Player(cast);
    this.#onPicture = onPicture;
  }

  show(position: number): void {
    this.#wanted = position;
    this.#turn += 1;
    if (!this.#isBusy) void this.#draw();
  }

  end(): void {
    this.#isOver = true;
    if (!this.#isBusy) this.#player.screen.dispose();
  }

  async #draw(): Promise<void> {
    this.#isBusy = true;
    for (let drawn = -1; drawn !== this.#turn && !this.#isOver;) {
      drawn = this.#turn;
      await this.#player.show(this.#wanted, () => !this.#isOver);
      const { screen } = this.#player;
      const lines = Array.from({ length: screen.rows }, (_, row) => screen.line(row));
      if (!this.#isOver) this.#onPicture({ columns: screen.columns, rows: screen.rows, lines });
    }
    this.#isBusy = false;
    if (this.#isOver) this.#player.screen.dispose();
  }
}
