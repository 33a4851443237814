import type { ReactNode } from "react";
import { Time } from "../time.tsx";
import type { stateOf } from "./filter.ts";

const SHAPES = { running: "▶", silent: "?", succeeded: "✓", failed: "✕" } as const;

interface StateProps {
  readonly state: ReturnType<typeof stateOf>;
  /** Of one that is silent: when something came of its host last. */
  readonly since?: number | undefined;
}

/** In words and by a shape: nobody has to see its colour. */
export function State({ state, since }: StateProps): ReactNode {
  return (
    <span className={`state ${state}`}>
      <span aria-hidden="true">{SHAPES[state]}</span> {state}
      {since !== undefined && (
        <>
          {" "}
          since <Time at={since} />
        </>
      )}
    </span>
  );
}
