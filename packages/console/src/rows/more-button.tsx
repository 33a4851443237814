import type { ReactNode } from "react";

/** Below a list that goes on. @param more undefined: it does not */
export function MoreButton({ more }: { readonly more: (() => void) | undefined }): ReactNode {
  return (
    more !== undefined && (
      <p className="answers more">
        <button type="button" onClick={more}>
          Look for more, older ones
        </button>
      </p>
    )
  );
}
