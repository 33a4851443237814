import { useEffect, useState } from "react";
import type { PolicyScope } from "@bailiwick/control-plane/contract";
import { codeOf } from "../problem.tsx";
import { server } from "../server.ts";
import type { Checked } from "./findings.tsx";

/** Between the last letter and the question. */
const PAUSE_MS = 500;
const BUSY_MS = 2_000;

export interface CheckedText {
  /** Of the text that was looked at last. */
  readonly checked: Checked | undefined;
  readonly error: unknown;
  /** The text is another meanwhile, or nobody has answered yet. */
  readonly asking: boolean;
}

/** What the server says of a text as it is written. */
export function useChecked(scope: PolicyScope, bundle: string): CheckedText {
  const [state, setState] = useState<{ readonly of?: string; readonly checked?: Checked; readonly error?: unknown }>(
    {},
  );
  const { type, id } = scope;
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    let timer = 0;
    const ask = (): void => {
      server.call("checkPolicy", { body: { scope: { type, id }, bundle } }, { signal }).then(
        (checked) => {
          if (!signal.aborted) setState({ of: bundle, checked });
        },
        (error: unknown) => {
          if (signal.aborted) return;
          if (codeOf(error) === "SERVER_BUSY") timer = window.setTimeout(ask, BUSY_MS);
          else setState((before) => ({ ...before, of: bundle, error }));
        },
      );
    };
    timer = window.setTimeout(ask, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      ending.abort();
    };
  }, [type, id, bundle]);
  return { checked: state.checked, error: state.error, asking: state.of !== bundle };
}
