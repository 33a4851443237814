import type { ReactNode } from "react";
import type { Row } from "./rows.ts";

const SHAPES = { allowed: "✓", refused: "✕", asked: "?" } as const;

interface DecisionProps extends Pick<Row, "decision"> {
  readonly asked?: boolean;
  /** An answer is a question itself. */
  readonly type?: Row["type"];
}

/** In words and by a shape: nobody has to see its colour. */
export function Decision({ decision, asked = false, type }: DecisionProps): ReactNode {
  if (decision === undefined) return null;
  return (
    <span className={`decision ${decision}`}>
      <span aria-hidden="true">{SHAPES[decision]}</span>{" "}
      {asked && type !== "approval" ? `asked, ${decision}` : decision}
    </span>
  );
}
