import type { ReactNode } from "react";

/** The names of the columns, over the rows that scroll. */
export function RowsHead({ names }: { readonly names: readonly string[] }): ReactNode {
  return (
    <div role="rowgroup" className="rows-head">
      <div role="row" className="row" aria-rowindex={1}>
        {names.map((name) => (
          <span role="columnheader" key={name}>
            {name}
          </span>
        ))}
      </div>
    </div>
  );
}
