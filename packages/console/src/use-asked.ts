import { useCallback, useEffect, useRef, useState } from "react";

export interface Asked<T> {
  /** Undefined until the first answer. What was known stays while it is asked again. */
  readonly value: T | undefined;
  readonly error: unknown;
  /** Asks again: something has changed. */
  readonly again: () => void;
}

/**
 * What the server says to one question.
 * @param key names the question: another key is another question @param ask undefined: nothing is asked
 */
export function useAsked<T>(key: string, ask: ((signal: AbortSignal) => Promise<T>) | undefined): Asked<T> {
  const latest = useRef(ask);
  useEffect(() => {
    latest.current = ask;
  });
  const [times, setTimes] = useState(0);
  const [state, setState] = useState<{ readonly key: string; readonly value?: T; readonly error?: unknown }>({ key });
  const isAsked = ask !== undefined;
  useEffect(() => {
    if (!isAsked) return;
    const ending = new AbortController();
    latest.current?.(ending.signal).then(
      (value) => {
        if (!ending.signal.aborted) setState({ key, value });
      },
      (error: unknown) => {
        if (!ending.signal.aborted) setState((before) => ({ ...(before.key === key ? before : { key }), error }));
      },
    );
    return () => {
      ending.abort();
    };
  }, [key, times, isAsked]);
  const again = useCallback(() => {
    setTimes((before) => before + 1);
  }, []);
  const isCurrent = state.key === key;
  return { value: isCurrent ? state.value : undefined, error: isCurrent ? state.error : undefined, again };
}
