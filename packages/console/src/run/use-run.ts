import { useEffect, useState } from "react";
import type { RunOfServer, SeenEvent } from "@bailiwick/control-plane/contract";
import { pages } from "@bailiwick/control-plane/contract/client";
import { followRun, readSeen } from "@bailiwick/control-plane/contract/run-events";
import { codeOf, isForbidden } from "../problem.tsx";
import { server } from "../server.ts";
import { RunModel } from "./run-model.ts";

export interface RunState {
  /** Undefined until the server has said it. */
  readonly facts: RunOfServer | undefined;
  /** Grows; `version` says that it has. */
  readonly model: RunModel;
  readonly version: number;
  /** `live`: what happens is shown. `read`: what had happened when it was read, for who may not watch. `whole`: it has ended, and all is there. */
  readonly standing: "loading" | "live" | "lost" | "read" | "whole";
  readonly error: unknown;
}

const PAGE = 1_000;
/** So long work goes on before the browser may draw; and so often at most what came is shown. */
const SLICE_MS = 6;
const SHOW_MS = 100;

const AGAIN_MS = 1_000;

/** A run that the caller may see, kept as it is at the server. */
export function useRun(run: string): RunState {
  const [state, setState] = useState<RunState>(() => ({
    ...{ facts: undefined, model: new RunModel(), version: 0, standing: "loading", error: undefined },
  }));
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const model = new RunModel();
    const show = (change: Partial<RunState>): void => {
      if (!signal.aborted) setState((before) => ({ ...before, ...change, model, version: before.version + 1 }));
    };
    const read = async (): Promise<void> => {
      const facts = async (): Promise<void> => {
        show({ facts: await server.call("showRun", { params: { run } }, { signal }) });
      };
      await whenThere(facts, show);
      show({ error: undefined });
      await readAll(run, { model, signal, show });
      await facts();
    };
    read().catch((error: unknown) => {
      show({ error });
    });
    return () => {
      ending.abort();
    };
  }, [run]);
  return state;
}

interface Reading {
  readonly model: RunModel;
  readonly signal: AbortSignal;
  readonly show: (change: Partial<RunState>) => void;
}

/** A link may be quicker than the first events of its run. */
async function whenThere(read: () => Promise<void>, show: Reading["show"]): Promise<void> {
  for (;;) {
    try {
      await read();
      return;
    } catch (error) {
      if (codeOf(error) !== "SERVER_NOT_FOUND") throw error;
      show({ error });
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function readAll(run: string, reading: Reading): Promise<void> {
  const { model, signal, show } = reading;
  const onStanding = (stands: boolean): void => {
    show({ standing: stands ? "live" : "lost" });
  };
  const take = taking(reading);
  try {
    for await (const seen of followRun(server, run, { signal, onStanding })) {
      await take(seen);
      if (model.ended !== undefined) break;
    }
  } catch (error) {
    if (!isForbidden(error)) throw error;
    for await (const { seen } of pages((after) => readSeen(server, run, { after, limit: PAGE, signal }))) {
      await take(seen);
    }
  }
  show({ standing: model.ended === undefined ? "read" : "whole" });
}

/** Takes events as fast as the browser can draw meanwhile. */
function taking({ model, show }: Reading): (seen: readonly SeenEvent[]) => Promise<void> {
  let sliceEndsAt = 0;
  let shownAt = 0;
  let timer: number | undefined;
  const showSoon = (): void => {
    timer ??= window.setTimeout(
      () => {
        timer = undefined;
        shownAt = performance.now();
        show({});
      },
      Math.max(0, shownAt + SHOW_MS - performance.now()),
    );
  };
  return async (seen) => {
    for (const each of seen) {
      if (performance.now() >= sliceEndsAt) {
        await new Promise((resolve) => setTimeout(resolve));
        sliceEndsAt = performance.now() + SLICE_MS;
      }
      model.add(each);
    }
    if (seen.length > 0) showSoon();
  };
}
