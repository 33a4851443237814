/** The routes of recordings of terminals. A part of the one table. */
import { z } from "zod";
import { by, list, type Route } from "./route.ts";
import { id, runId } from "./schemas.ts";

/** Bytes that go in one request, or come in one answer. */
export const MOST_PIECE_BYTES = 256 << 10;
export const MOST_READ_BYTES = 1 << 20;

const recording = z.object({
  /**
   * `none`: the run has none that its host told of. `host`: its profile lets it stay on its host. `erased`: with all that was personal of the run.
   * `growing`: more is to come. `whole`: all of it is here. `part`: it ended, and not all of it came here.
   */
  state: z.enum(["none", "host", "erased", "growing", "whole", "part"]),
  /** Milliseconds since 1970 that times in it are counted from. */
  openedAt: z.number().nonnegative().optional(),
  columns: z.int().optional(),
  rows: z.int().optional(),
  /** Of it that are here and may be read. */
  bytes: z.int(),
  /** Of all of it, once its host said so. */
  whole: z.int().optional(),
  /** So long a beginning is what the host's record says that it recorded. */
  checked: z.int(),
  /** Some of it is not. */
  differs: z.boolean(),
});

export const RECORDING_ROUTES = {
  wantedRecordings: {
    method: "get",
    path: "/api/v1/hosts/{host}/recordings",
    what: "Recordings of a host's runs of which more is wanted, newest first, and how many bytes of each are here.",
    needs: { action: "writeEvents", resource: by("Host", "host") },
    params: z.object({ host: id }),
    answer: list(z.object({ run: runId, bytes: z.int() })),
  },
  appendRecording: {
    method: "post",
    path: "/api/v1/hosts/{host}/recordings/{run}",
    what: "More of a recording. What does not begin where that ends which is here is left out; the answer says where to go on.",
    needs: { action: "writeEvents", resource: by("Host", "host") },
    params: z.object({ host: id, run: runId }),
    body: z.strictObject({
      from: z.int().nonnegative(),
      /** In base 64. */
      bytes: z
        .string()
        .min(4)
        .max((MOST_PIECE_BYTES / 3) * 4 + 8)
        .meta({ contentEncoding: "base64" }),
    }),
    /** `wanted`: more of it is. */
    answer: z.object({ bytes: z.int(), wanted: z.boolean() }),
  },
  showRecording: {
    method: "get",
    path: "/api/v1/runs/{run}/recording",
    what: "What the server has of the recording of a run's terminal, and whether it is what the host's record says.",
    needs: { action: "replayRun", resource: by("Run", "run") },
    params: z.object({ run: runId }),
    answer: recording,
  },
  readRecording: {
    method: "get",
    path: "/api/v1/runs/{run}/recording/bytes",
    what: "Bytes of the recording of a run's terminal, an asciicast of version 3, as far as it is here; none behind its end.",
    needs: { action: "replayRun", resource: by("Run", "run") },
    params: z.object({ run: runId }),
    query: z.object({
      from: z.coerce.number().int().nonnegative().default(0),
      most: z.coerce.number().int().min(1).max(MOST_READ_BYTES).default(MOST_READ_BYTES),
    }),
    answer: "bytes",
  },
  watchRecording: {
    method: "get",
    path: "/api/v1/runs/{run}/recording/stream",
    what: "The recording of a run's terminal as it grows, in base 64 (server-sent events; each id is where its bytes end, and one resumes by `Last-Event-ID`). An event `end` says that there will be no more.",
    needs: { action: "watchTerminal", resource: by("Run", "run") },
    params: z.object({ run: runId }),
    answer: "events",
  },
} as const satisfies Record<string, Route>;

export type RecordingOfServer = z.infer<typeof recording>;
