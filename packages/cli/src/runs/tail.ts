import { followRun, readRun, type Event, type LoggedEvent } from "@bailiwick/audit";
import { isAlive, type LiveRun } from "@bailiwick/run";
import { paintFor } from "../format.ts";
import { Output } from "../output.ts";
import { LiveView } from "./live-view.ts";
import { knownRuns, selectRun } from "./select.ts";

/** How long events are gathered, so that a short command and its end take one line. */
const GATHER_MS = 40;
/** How often it is looked whether the one that records still lives. */
const LOOK_MS = 1000;

export async function tailRunCommand(
  text: string,
  options: { readonly follow?: true; readonly json?: true; readonly server?: true },
): Promise<number> {
  if (options.server) return await (await import("../server/remote-runs.ts")).tailServerRun(text, options);
  const { state, runs } = await knownRuns(process.env);
  const { run, live } = selectRun(runs, text);
  const output = new Output(process.stdout);
  const view = new LiveView(paintFor(process.stdout, process.env));
  const show = async (events: readonly Event[]): Promise<void> => {
    for (const line of options.json ? events.map((event) => JSON.stringify(event)) : view.lines(events)) {
      await output.line(line);
    }
  };
  if (!options.follow) {
    await eachGathered(readRun(state.log, run), show);
    return 0;
  }
  const controller = new AbortController();
  process.once("SIGINT", () => {
    controller.abort();
  });
  const watch = watchLife(live, controller, () => !output.open);
  try {
    await eachGathered(followRun(state.log, run, { signal: controller.signal }), show);
  } finally {
    clearInterval(watch);
  }
  return 0;
}

/** A run whose Bailiwick was killed never writes its end. */
function watchLife(live: LiveRun | undefined, controller: AbortController, readerGone: () => boolean): NodeJS.Timeout {
  return setInterval(() => {
    if (readerGone()) controller.abort();
    if (live !== undefined && isAlive(live)) return;
    // One more look, for what it wrote last.
    setTimeout(() => {
      controller.abort();
    }, LOOK_MS);
  }, LOOK_MS);
}

/** Hands over what came within a short time together, in order. */
async function eachGathered(
  events: AsyncIterable<LoggedEvent>,
  take: (events: readonly Event[]) => Promise<void>,
): Promise<void> {
  let gathered: Event[] = [];
  let timer: NodeJS.Timeout | undefined;
  let taken = Promise.resolve();
  const flush = (): void => {
    timer = undefined;
    const batch = gathered;
    gathered = [];
    taken = taken.then(async () => {
      await take(batch);
    });
  };
  for await (const { event } of events) {
    gathered.push(event);
    timer ??= setTimeout(flush, GATHER_MS);
    // A reader slower than the record holds the record back, not the memory.
    if (gathered.length >= 1000) {
      clearTimeout(timer);
      flush();
      await taken;
    }
  }
  clearTimeout(timer);
  flush();
  await taken;
}
