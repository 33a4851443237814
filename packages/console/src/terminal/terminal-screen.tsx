import { memo, type CSSProperties, type ReactNode } from "react";
import type { Run } from "@bailiwick/recording/picture";
import { styleOf } from "./cell-style.ts";
import type { Picture } from "./use-playback.ts";

/** The picture as text: what a program wrote is never more, and what it did to its terminal is not done to anybody's browser. */
export function TerminalScreen({ picture }: { readonly picture: Picture }): ReactNode {
  const { columns, rows, lines } = picture;
  // Widths that the style sheet makes a size of letters of.
  const size = { "--columns": columns, "--rows": rows } as CSSProperties; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- React's type knows no properties of one's own
  return (
    <div className="terminal-box" style={size}>
      <div className="terminal-screen" role="group" aria-label="What the terminal shows" tabIndex={0}>
        {lines.map((runs, row) => (
          <Line key={row} runs={runs} same={keyOf(runs)} />
        ))}
      </div>
    </div>
  );
}

/** Drawn anew only when it is another. */
const Line = memo(
  function Line({ runs }: { readonly runs: readonly Run[]; readonly same: string }): ReactNode {
    return (
      <div className="terminal-line">
        {runs.map(({ text, width, sgr }, index) => (
          <span key={index} style={{ width: `${String(width)}ch`, ...styleOf(sgr) }}>
            {text}
          </span>
        ))}
      </div>
    );
  },
  (before, after) => before.same === after.same,
);

function keyOf(runs: readonly Run[]): string {
  return runs.map(({ text, sgr }) => `${sgr}\u0000${text}`).join("\u0001");
}
