import { DisplayFilter, type CastFile } from "@bailiwick/recording";
import { Output } from "../output.ts";
import { knownRuns, selectRun } from "../runs/select.ts";
import { isGenuine, openRun, requireRecording, type OpenedRun } from "./opened-run.ts";
import { parseNumber, parseTime } from "./times.ts";

export interface ReplayOptions {
  readonly at?: string;
  readonly speed: string;
  readonly idleLimit?: string;
  readonly json?: true;
}

export async function replayCommand(text: string, options: ReplayOptions): Promise<number> {
  const from = options.at === undefined ? 0 : parseTime(options.at);
  const speed = parseNumber("speed", options.speed, [0.1, 100]);
  const idleLimit =
    options.idleLimit === undefined ? Infinity : parseNumber("idle-limit", options.idleLimit, [0.1, 86_400]) * 1000;
  const { state, runs } = await knownRuns(process.env);
  const { run } = selectRun(runs, text);
  const opened = await openRun(state, run);
  try {
    if (options.json === true) await writeTimeline(opened, from);
    else if (!process.stdin.isTTY || !process.stdout.isTTY) await writePlain(requireRecording(opened), from);
    else {
      const recording = requireRecording(opened);
      const { ReplaySession } = await import("./session.ts");
      const session = new ReplaySession(opened, recording, { from, speed, idleLimit });
      void isGenuine(state, run).then((genuine) => {
        session.setGenuine(genuine);
      });
      await session.run();
    }
    return 0;
  } finally {
    await opened.recording?.close();
  }
}

/** The recorded text as it comes, without waiting; nothing in it does more than a text does. */
async function writePlain(recording: CastFile, from: number): Promise<void> {
  const output = new Output(process.stdout);
  const filter = new DisplayFilter();
  const first = from === 0 ? 0 : recording.after(from - 1);
  for await (const { code, data } of recording.events(first, recording.length)) {
    if (code === "o") await output.text(filter.push(data));
    if (!output.open) return;
  }
  await output.text(filter.finish());
}

/** Output, sizes, marks and events, in the order of their times; events of the record first. */
async function writeTimeline({ events, recording, startedAt }: OpenedRun, from: number): Promise<void> {
  const output = new Output(process.stdout);
  const waiting = events.map((event) => ({ at: Math.max(0, event.at - startedAt), event })).sort((a, b) => a.at - b.at);
  const write = async (at: number, entry: Record<string, unknown>): Promise<void> => {
    if (at >= from) await output.line(JSON.stringify({ at: Math.round(at * 1000) / 1000, ...entry }));
  };
  const writeEvents = async (until: number): Promise<void> => {
    for (let next = waiting[0]; next !== undefined && next.at <= until; next = waiting[0]) {
      waiting.shift();
      await write(next.at, { type: "event", event: next.event });
    }
  };
  if (recording !== undefined) {
    for await (const { at, code, data } of recording.events(0, recording.length)) {
      await writeEvents(at);
      await write(at, { type: NAMES[code], data });
      if (!output.open) return;
    }
  }
  await writeEvents(Infinity);
}

const NAMES = { o: "output", r: "size", m: "mark", x: "exit" } as const;
