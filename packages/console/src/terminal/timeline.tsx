import { useEffect, useState, type MouseEvent, type ReactNode } from "react";
import type { Row } from "../run/rows.ts";
import { clockOf } from "./clock.ts";
import { LANES, markNear, marksOf, PLACES, type Mark } from "./marks.ts";

interface TimelineProps {
  readonly rows: readonly Row[];
  /** Milliseconds since 1970 of the beginning. */
  readonly from: number;
  readonly duration: number;
  readonly position: number;
  readonly onSeek: (position: number) => void;
  readonly onSelect: (seq: number) => void;
}

/** The time of the recording, and on it what happened. */
export function Timeline({ rows, from, duration, position, onSeek, onSelect }: TimelineProps): ReactNode {
  const marks = useMarks(rows, from, duration);
  const onClick = ({ clientX, currentTarget }: MouseEvent<HTMLDivElement>): void => {
    const { left, width } = currentTarget.getBoundingClientRect();
    const part = Math.max(0, Math.min(1, (clientX - left) / width));
    const mark = markNear(marks, Math.floor(part * PLACES));
    if (mark === undefined) onSeek(part * duration);
    else onSelect(mark.row.seq);
  };
  const part = duration <= 0 ? 0 : position / duration;
  return (
    <div
      className="timeline"
      role="slider"
      tabIndex={0}
      aria-label="Position in the recording"
      aria-keyshortcuts="ArrowLeft ArrowRight"
      aria-valuemin={0}
      aria-valuemax={Math.round(duration / 1000)}
      aria-valuenow={Math.round(position / 1000)}
      aria-valuetext={`${clockOf(position)} of ${clockOf(duration)}`}
      onClick={onClick}
    >
      {marks.map(({ lane, place, row, count }) => (
        <span
          key={`${lane} ${String(place)}`}
          className={`mark ${lane}`}
          style={{ left: `${String((place / PLACES) * 100)}%`, top: `${String(LANES.indexOf(lane) * 7 + 2)}px` }}
          title={`${lane}: ${row.line}${count > 1 ? `, and ${String(count - 1)} more` : ""}`}
        />
      ))}
      <span className="needle" style={{ left: `${String(part * 100)}%` }} />
    </div>
  );
}

/** So often at most all rows are looked at while more come. */
const LOOK_MS = 500;

function useMarks(rows: readonly Row[], from: number, duration: number): readonly Mark[] {
  const [marks, setMarks] = useState<readonly Mark[]>([]);
  const { length } = rows;
  useEffect(() => {
    const timer = window.setTimeout(
      () => {
        setMarks(marksOf(rows, from, duration));
      },
      marks.length === 0 ? 0 : LOOK_MS,
    );
    return () => {
      window.clearTimeout(timer);
    };
    // Not when the marks are others: that would be without end.
  }, [rows, length, from, duration]);
  return marks;
}
