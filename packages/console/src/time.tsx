import type { ReactNode } from "react";

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

interface TimeProps {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Without its day, where all that is beside it is of one. */
  readonly clock?: boolean;
}

/** A time in the viewer's zone; in UTC while it is pointed at. */
export function Time({ at, clock = false }: TimeProps): ReactNode {
  const utc = new Date(at).toISOString();
  return (
    <time dateTime={utc} title={utc}>
      {(clock ? CLOCK : LOCAL).format(at)}
    </time>
  );
}
