import { useEffect, useState } from "react";
import { followRecording } from "@bailiwick/control-plane/contract/recording-bytes";
import type { RecordingOfServer } from "@bailiwick/control-plane/contract";
import { isForbidden } from "../problem.tsx";
import { server } from "../server.ts";
import { MemoryCast } from "./memory-cast.ts";

export interface Recording {
  /** What the server says of it; undefined until it has, and for who may only watch it. */
  readonly facts: RecordingOfServer | undefined;
  /** Grows; `version` says that it has. */
  readonly cast: MemoryCast;
  readonly version: number;
  /** `live`: what comes is shown. `read`: what there was when it was read, for who may replay and not watch. `forbidden`: neither. */
  readonly standing: "loading" | "live" | "lost" | "read" | "whole" | "forbidden";
  readonly error: unknown;
}

const SHOW_MS = 50;

/**
 * The recording of a run's terminal, kept as it is at the server.
 * @param begun the run's record speaks of a recording: where there was none before, it is asked for again
 */
export function useRecording(run: string, begun: boolean): Recording {
  const [state, setState] = useState<Recording>(() => initial());
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const { cast } = initial();
    const show = (change: Partial<Recording>): void => {
      if (!signal.aborted) setState((before) => ({ ...before, ...change, cast, version: before.version + 1 }));
    };
    show(initial());
    read(run, { cast, signal, show }).catch((error: unknown) => {
      show({ error });
    });
    return () => {
      ending.abort();
    };
  }, [run, begun]);
  return state;
}

function initial(): Recording {
  return { facts: undefined, cast: new MemoryCast(), version: 0, standing: "loading", error: undefined };
}

interface Reading {
  readonly cast: MemoryCast;
  readonly signal: AbortSignal;
  readonly show: (change: Partial<Recording>) => void;
}

async function read(run: string, reading: Reading): Promise<void> {
  const { signal, show } = reading;
  const ask = async () => await orForbidden(server.call("showRecording", { params: { run } }, { signal }));
  const facts = await ask();
  if (facts !== "forbidden") show({ facts });
  if (facts !== "forbidden" && (facts.state === "whole" || facts.state === "part")) {
    await readTo(run, facts.bytes, reading);
    show({ standing: "whole" });
    return;
  }
  if (facts !== "forbidden" && facts.state !== "growing") {
    show({ standing: "read" });
    return;
  }
  if ((await orForbidden(follow(run, reading))) === "forbidden") {
    if (facts !== "forbidden") await readTo(run, facts.bytes, reading);
    show({ standing: facts === "forbidden" ? "forbidden" : "read" });
    return;
  }
  // Now that it is over, whether it is what the host's record says.
  const last = await ask();
  show({ ...(last !== "forbidden" && { facts: last }), standing: "whole" });
}

async function readTo(run: string, bytes: number, { cast, signal, show }: Reading): Promise<void> {
  for (let from = 0; from < bytes;) {
    const piece = await server.call("readRecording", { params: { run }, query: { from } }, { signal });
    if (piece.length === 0) return;
    from += piece.length;
    cast.add(piece);
    show({});
  }
}

async function follow(run: string, { cast, signal, show }: Reading): Promise<void> {
  let timer: number | undefined;
  const onStanding = (stands: boolean): void => {
    show({ standing: stands ? "live" : "lost" });
  };
  for await (const each of followRecording(server, run, { signal, onStanding })) {
    if ("over" in each) break;
    cast.add(each.bytes);
    timer ??= window.setTimeout(() => {
      timer = undefined;
      show({});
    }, SHOW_MS);
  }
}

async function orForbidden<T>(asked: Promise<T>): Promise<T | "forbidden"> {
  try {
    return await asked;
  } catch (error) {
    if (isForbidden(error)) return "forbidden";
    throw error;
  }
}
