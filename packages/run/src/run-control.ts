import type { NewEvent } from "@bailiwick/audit";

/** What somebody outside may do to a run that goes on: each is recorded before it is shown. Calling one again does nothing. */
export interface RunControl {
  readonly agent: string;
  /** The name of the workspace's directory. */
  readonly project: string;
  readonly labels: readonly string[];
  /** Stops every process inside, until {@link resume}. @param why for the record and the person */
  pause(why: string): void;
  resume(): void;
  end(why: string): void;
}

export interface ControlOptions {
  readonly agent: string;
  readonly project: string;
  readonly labels: readonly string[];
  /** Stops everything inside, as others may meanwhile; what it returns lets it go on. */
  readonly hold: () => () => void;
  readonly record: (event: NewEvent) => void;
  /** Ends everything inside at once. */
  readonly kill: (why: string) => void;
  readonly say: (text: string) => void;
  readonly now: () => number;
}

/** Modes: going, paused (with the reason that was recorded), ended. */
export function makeControl({ agent, project, labels, hold, record, kill, say, now }: ControlOptions): RunControl {
  let paused: string | undefined;
  let release: (() => void) | undefined;
  let ended = false;
  const stop = (what: string, why: string): void => {
    release ??= hold();
    record({ type: "run.frozen", at: now(), reason: `${what}: ${why}` });
    say(`the run is ${what}: ${why}`);
  };
  return {
    agent,
    project,
    labels,
    pause(why) {
      if (ended || paused === why) return;
      paused = why;
      stop("paused", why);
    },
    resume() {
      if (ended || paused === undefined) return;
      paused = undefined;
      say("the run goes on");
      release?.();
      release = undefined;
    },
    end(why) {
      if (ended) return;
      ended = true;
      // Nothing more happens, and the reason is in the record before its end is.
      stop("ended", why);
      kill(why);
    },
  };
}
