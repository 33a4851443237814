import { useEffect, useState } from "react";
import type { TaskOfServer } from "@bailiwick/control-plane/contract";
import { server } from "../server.ts";

export interface Tasks {
  /** Newest first; undefined until the first answer. */
  readonly items: readonly TaskOfServer[] | undefined;
  readonly error: unknown;
}

export const STATES = ["all", "open", "review", "done"] as const;
export type Wanted = (typeof STATES)[number];

const LOOK_MS = 2_000;
const MOST = 1_000;

/** Calls again and again while the page is seen. @returns how to stop */
function look(again: (signal: AbortSignal) => Promise<void>): () => void {
  const ending = new AbortController();
  let timer: number | undefined;
  const turn = (): void => {
    // Nobody looks: the server need not be asked.
    const asked = document.hidden ? Promise.resolve() : again(ending.signal);
    void asked.finally(() => {
      if (!ending.signal.aborted) timer = window.setTimeout(turn, LOOK_MS);
    });
  };
  turn();
  return () => {
    ending.abort();
    window.clearTimeout(timer);
  };
}

/** The newest tasks that the caller may see, as they are at the server. */
export function useTasks(state: Wanted): Tasks {
  const [tasks, setTasks] = useState<Tasks>({ items: undefined, error: undefined });
  useEffect(
    () =>
      look(async (signal) => {
        try {
          const { items } = await server.call("listTasks", { query: { state, limit: MOST } }, { signal });
          setTasks({ items, error: undefined });
        } catch (error) {
          if (!signal.aborted) setTasks((before) => ({ ...before, error }));
        }
      }),
    [state],
  );
  return tasks;
}

export interface Looked {
  readonly task: TaskOfServer | undefined;
  readonly error: unknown;
  /** What the server answered to what was done here is shown at once. */
  readonly show: (task: TaskOfServer) => void;
}

/** One task, as it is at the server. */
export function useTask(id: string | undefined): Looked {
  const [looked, setLooked] = useState<Omit<Looked, "show"> & { readonly id?: string }>(NOTHING);
  useEffect(() => {
    if (id === undefined) return;
    return look(async (signal) => {
      try {
        const task = await server.call("showTask", { params: { task: id } }, { signal });
        setLooked({ id, task, error: undefined });
      } catch (error) {
        if (!signal.aborted) setLooked((before) => ({ id, task: before.id === id ? before.task : undefined, error }));
      }
    });
  }, [id]);
  const show = (task: TaskOfServer): void => setLooked({ id: task.id, task, error: undefined });
  return looked.id === id && id !== undefined ? { ...looked, show } : { ...NOTHING, show };
}

const NOTHING = { task: undefined, error: undefined };
