import { useEffect, useState } from "react";
import type { RunOfServer } from "@bailiwick/control-plane/contract";
import { pages } from "@bailiwick/control-plane/contract/client";
import { server } from "../server.ts";

export interface Runs {
  /** Newest first; undefined until the first answer. */
  readonly items: readonly RunOfServer[] | undefined;
  readonly error: unknown;
  /** The stream stands: what happens is shown. */
  readonly live: boolean;
}

const PAGE = 1_000;
/** What arrives meanwhile is asked for together: a busy server is asked so often at most. */
const GATHER_MS = 200;
/** A run whose host went silent tells nothing of that: some of those that go on are looked at again so often. */
const LOOK_MS = 60_000;
const MOST_LOOKED_AT = 50;

/** All runs that the caller may see, kept as they are at the server. */
export function useRuns(): Runs {
  const [runs, setRuns] = useState<Runs>({ items: undefined, error: undefined, live: false });
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const known = new Map<string, RunOfServer>();
    const changed = new Set<string>();
    const askedAt = new Map<string, number>();
    let timer: number | undefined;
    const show = (change: Partial<Runs>): void => {
      if (!signal.aborted) setRuns((before) => ({ ...before, ...change }));
    };
    const showKnown = (): void => {
      // A run's id begins with its time.
      show({ items: [...known.values()].sort((a, b) => (a.run < b.run ? 1 : -1)), error: undefined });
    };
    const fail = (error: unknown): void => {
      show({ error });
    };
    const load = async (): Promise<void> => {
      const read = (after: number | undefined) =>
        server.call("listRuns", { query: { limit: PAGE, after } }, { signal });
      for await (const { items } of pages(read)) {
        for (const run of items) known.set(run.run, run);
        showKnown();
      }
    };
    const refresh = async (): Promise<void> => {
      timer = undefined;
      const asked = [...changed];
      changed.clear();
      for (const run of asked) askedAt.set(run, performance.now());
      const found = await Promise.all(asked.map((run) => server.call("showRun", { params: { run } }, { signal })));
      for (const run of found) known.set(run.run, run);
      showKnown();
    };
    const look = (): void => {
      if (document.visibilityState !== "visible") return;
      const going = [...known.keys()].filter((run) => known.get(run)?.endedAt === undefined);
      going.sort((a, b) => (askedAt.get(a) ?? 0) - (askedAt.get(b) ?? 0));
      for (const run of going.slice(0, MOST_LOOKED_AT)) changed.add(run);
      refresh().catch(fail);
    };
    const looking = window.setInterval(look, LOOK_MS);
    // The browser comes back by itself, and tells the server by `Last-Event-ID` where it was.
    const events = new EventSource("/api/v1/stream");
    events.onopen = () => {
      show({ live: true });
      load().catch(fail);
    };
    events.onerror = () => {
      show({ live: false });
      if (known.size === 0) load().catch(fail);
    };
    events.onmessage = ({ data }: MessageEvent<string>) => {
      const run = runOfFrame(data);
      if (run === undefined) return;
      changed.add(run);
      timer ??= window.setTimeout(() => {
        refresh().catch(fail);
      }, GATHER_MS);
    };
    return () => {
      ending.abort();
      events.close();
      window.clearTimeout(timer);
      window.clearInterval(looking);
    };
  }, []);
  return runs;
}

function runOfFrame(data: string): string | undefined {
  const { event }: { event?: { run?: unknown } } = JSON.parse(data);
  return typeof event?.run === "string" ? event.run : undefined;
}
