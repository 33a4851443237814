import type { ReactNode } from "react";
import type { stateOf } from "./filter.ts";

const SHAPES = { running: "▶", succeeded: "✓", failed: "✕" } as const;

/** In words and by a shape: nobody has to see its colour. */
export function State({ state }: { readonly state: ReturnType<typeof stateOf> }): ReactNode {
  return (
    <span className={`state ${state}`}>
      <span aria-hidden="true">{SHAPES[state]}</span> {state}
    </span>
  );
}
