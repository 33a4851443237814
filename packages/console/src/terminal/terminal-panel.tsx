import { useEffect, type ReactNode } from "react";
import { useKeys } from "../keys.ts";
import { Problem } from "../problem.tsx";
import type { RunModel } from "../run/run-model.ts";
import type { Row } from "../run/rows.ts";
import { clockOf } from "./clock.ts";
import { rowAt } from "./marks.ts";
import { TerminalScreen } from "./terminal-screen.tsx";
import { Timeline } from "./timeline.tsx";
import { usePlayback, type Playback } from "./use-playback.ts";
import { useRecording, type Recording } from "./use-recording.ts";

export interface TerminalPanelProps {
  readonly run: string;
  readonly model: RunModel;
  /** The event that is looked at: the picture is of its moment. */
  readonly selected: Row | undefined;
  readonly onSelect: (seq: number) => void;
  /** What happened last at the moment that is shown, while it plays; the same function as long as the page is. */
  readonly onNow: (row: Row | undefined) => void;
}

const STEP_MS = 5_000;

/** The terminal of a run: live, or played, beside what happened. */
export default function TerminalPanel(props: TerminalPanelProps): ReactNode {
  const { run, model } = props;
  const recording = useRecording(run, model.recording !== undefined);
  return (
    <section className="terminal" aria-label="Terminal">
      {recording.error !== undefined && <Problem error={recording.error} />}
      <Standing recording={recording} />
      {recording.cast.hasBegun && <Played {...props} recording={recording} />}
    </section>
  );
}

function Played({
  recording,
  model,
  selected,
  onSelect,
  onNow,
}: TerminalPanelProps & { readonly recording: Recording }): ReactNode {
  const { cast, facts } = recording;
  const from = facts?.openedAt ?? model.recording?.at ?? cast.header.startedAt;
  const playback = usePlayback(recording, selected === undefined ? undefined : selected.at - from);
  const { picture, position, mode, seek } = playback;
  useEffect(() => {
    if (selected !== undefined) seek(selected.at - from);
  }, [selected, from, seek]);
  const now = mode === "playing" ? rowAt(model.rows, from + position) : undefined;
  useEffect(() => {
    onNow(now);
  }, [now, onNow]);
  useEffect(
    () => () => {
      onNow(undefined);
    },
    [onNow],
  );
  useKeys({
    " ": playback.toggle,
    ArrowLeft: () => seek(position - STEP_MS),
    ArrowRight: () => seek(Math.min(cast.duration, position + STEP_MS)),
    "+": () => playback.faster(1),
    "-": () => playback.faster(-1),
  });
  return (
    <>
      <Controls playback={playback} duration={cast.duration} standing={recording.standing} />
      <Timeline rows={model.rows} duration={cast.duration} {...{ from, position, onSelect }} onSeek={seek} />
      {picture !== undefined && <TerminalScreen picture={picture} />}
    </>
  );
}

interface ControlsProps {
  readonly playback: Playback;
  readonly duration: number;
  readonly standing: Recording["standing"];
}

function Controls({ playback, duration, standing }: ControlsProps): ReactNode {
  const { mode, position, speed, toggle, faster, goLive } = playback;
  const isGrowing = standing === "live" || standing === "lost";
  return (
    <div className="terminal-controls">
      <button type="button" onClick={toggle}>
        {mode === "playing" ? "⏸ Pause" : "▶ Play"}
      </button>
      <button type="button" aria-label="Slower" onClick={() => faster(-1)}>
        −
      </button>
      <span className="quiet">{speed}×</span>
      <button type="button" aria-label="Faster" onClick={() => faster(1)}>
        +
      </button>
      {isGrowing && (
        <button type="button" aria-pressed={mode === "live"} onClick={goLive}>
          {standing === "live" ? "● Live" : "○ Not connected"}
        </button>
      )}
      <span className="clock" data-mode={mode}>
        {clockOf(position)} / {clockOf(duration)}
      </span>
      <span className="quiet">Space plays, ← → 5 s, r next refusal</span>
    </div>
  );
}

/** What there is to say of it, where there is: nothing is shown without a reason. */
function Standing({ recording: { facts, standing, cast, error } }: { readonly recording: Recording }): ReactNode {
  if (facts?.differs === true) {
    return (
      <p role="alert" className="problem">
        This is not what its host recorded, as the host’s own record says: it was changed on the host, or here. Only the
        first {facts.checked.toLocaleString()} bytes of it are proven. The security team should know.
      </p>
    );
  }
  const text = sayingOf(facts, standing);
  if (text !== undefined) return <p className="empty">{text}</p>;
  return !cast.hasBegun && error === undefined ? <p className="empty">Nothing of it has come here yet.</p> : null;
}

function sayingOf(facts: Recording["facts"], standing: Recording["standing"]): string | undefined {
  if (standing === "forbidden") {
    return "You may see this run, but not its terminal. To replay it needs the right replayRun, to watch it live watchTerminal.";
  }
  switch (facts?.state) {
    case "none":
      return "No recording of a terminal is known of this run. It ran without one, as in a pipe or in CI, its profile does not record, or its host has not sent that part of its record yet.";
    case "host":
      return "This terminal was recorded, and the recording stays on its host, where `bailiwick replay` shows it. For later runs to be here, their profile has to say so: [recording] send = true.";
    case "erased":
      return "The recording was erased, with all that was personal of this run.";
    case "part":
      return "The end of this recording is not here: it became too long, or its host could not write it.";
    case "growing":
      return standing === "read"
        ? "As it was when it was read: you may replay this terminal, not watch it live (watchTerminal)."
        : undefined;
    case "whole":
    case undefined:
      return undefined;
  }
}
