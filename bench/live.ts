/**
 * How soon what the kernel saw is on the screen: a governed run on an enrolled host, the shipped server on PostgreSQL, and the page of the run in chromium. From
 * the time that the event itself has (when the program was about to start) until its row was painted, and until the same event was with a client of the stream: what
 * lies between is the browser's. The clock is one machine's.
 */
import { readFileSync, watch } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { tilesDirectory } from "@bailiwick/audit";
import { Client, followRun, pages } from "../packages/control-plane/contract/index.ts";
import { findPostgres, startPostgres } from "../packages/control-plane/test/postgres.ts";
import { startChromium } from "../tests/support/chromium.ts";
import { enrol, setUp, startServer } from "../tests/support/control-plane.ts";
import { makePlace, type Place } from "../tests/support/governed.ts";
import { startScript } from "../tests/support/ongoing.ts";
import { quantile } from "./measure.ts";

/** An agent's shell, one command after the other; those that count are told by their argument. */
const COMMANDS = 300;
const PAUSE_S = 0.1;
/** The first ones find a browser that draws for the first time. */
const WARMING = 50;
const SCRIPT = `i=0; while [ $i -lt ${String(COMMANDS)} ]; do i=$((i+1)); /bin/true tick-$i; sleep ${String(PAUSE_S)}; done`;
const DEADLINE_MS = 150_000;

export async function bench(): Promise<Record<string, number>> {
  const found = findPostgres();
  if ("missing" in found) throw new Error(found.missing);
  const postgres = await startPostgres(found.programs);
  const [serverPlace, place] = [makePlace(), makePlace()];
  const server = await startServer(serverPlace, { database: await postgres.makeDatabase() });
  const owner = await setUp(server);
  const browser = await startChromium();
  try {
    await enrol(owner, server, place);
    const body = { name: "bench", actions: ["viewRun", "readRun", "watchRun"], expiresInS: 3_600 };
    const { secret: token } = (await owner.call("issueToken", { params: { person: "olivia" }, body })) as {
      secret: string;
    };
    const client = new Client({ url: server.url, by: { token } });
    const script = startScript(place, SCRIPT, ["--approvals", "deny"]);
    const run = await newestRun(client);
    const screen = await watchScreen(browser, { url: `${server.url}/runs/${run}`, token });
    const record = watchRecord(place);
    const { at, streamed } = await watchStream(client, run);
    record.close();
    const status = await script.ended();
    if (status !== 0) throw new Error(`the run ended with ${String(status)}`);
    const painted = await screen();
    const late = (seen: ReadonlyMap<number, number>): number[] =>
      [...seen].flatMap(([tick, time]) => (tick > WARMING ? [time - (at.get(tick) ?? 0)] : [])).sort((a, b) => a - b);
    const [shown, sent] = [late(painted), late(streamed)];
    const written = late(await record.recorded(client, run));
    if (shown.length < 200) throw new Error(`only ${String(shown.length)} of them were seen on the screen`);
    return {
      samples: shown.length,
      "recorded-ms-p50": quantile(written, 0.5),
      "recorded-ms-p95": quantile(written, 0.95),
      "screen-ms-p50": quantile(shown, 0.5),
      "screen-ms-p95": quantile(shown, 0.95),
      "screen-ms-max": shown.at(-1) ?? 0,
      "stream-ms-p50": quantile(sent, 0.5),
      "stream-ms-p95": quantile(sent, 0.95),
    };
  } finally {
    await browser.close();
    await server.stop();
    await postgres.stop();
    for (const each of [serverPlace, place, owner.place]) each.remove();
  }
}

interface WatchedRecord {
  /** When each was durable at its host, by its number. */
  recorded(client: Client, run: string): Promise<ReadonlyMap<number, number>>;
  close(): void;
}

/** By the checkpoint that covers it. */
function watchRecord(place: Place): WatchedRecord {
  const directory = tilesDirectory(join(place.state, "log"));
  const sizes: { readonly size: number; readonly at: number }[] = [];
  const watcher = watch(directory, (_, name) => {
    if (name !== "checkpoint") return;
    const [, size] = readFileSync(join(directory, "checkpoint"), "utf8").split("\n");
    sizes.push({ size: Number(size), at: Date.now() });
  });
  return {
    close: () => {
      watcher.close();
    },
    async recorded(client, run) {
      const found = new Map<number, number>();
      const read = (after: number | undefined) =>
        client.call("readRun", { params: { run }, query: { limit: 1_000, after } });
      for await (const { items } of pages(read)) {
        for (const { index, event } of items) {
          const argv = event?.["argv"] as { readonly values: readonly string[] } | undefined;
          const tick = event?.["type"] === "exec.allowed" ? tickOf(argv?.values.join(" ") ?? "") : undefined;
          const time = sizes.find(({ size }) => size > index)?.at;
          if (tick !== undefined && time !== undefined) found.set(tick, time);
        }
      }
      return found;
    },
  };
}

async function newestRun(client: Client): Promise<string> {
  for (const until = performance.now() + DEADLINE_MS; performance.now() < until;) {
    const [newest] = (await client.call("listRuns", { query: { limit: 1 } })).items;
    if (newest !== undefined) return newest.run;
  }
  throw new Error("no run was heard of");
}

interface Streamed {
  /** When each happened, by its number; milliseconds since 1970. */
  readonly at: ReadonlyMap<number, number>;
  /** When it was with who follows the stream. */
  readonly streamed: ReadonlyMap<number, number>;
}

/** Until the run has ended. */
async function watchStream(client: Client, run: string): Promise<Streamed> {
  const [at, streamed] = [new Map<number, number>(), new Map<number, number>()];
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(DEADLINE_MS)]);
  for await (const seen of followRun(client, run, { signal })) {
    const now = Date.now();
    for (const { event } of seen) {
      const tick = event.type === "exec.allowed" ? tickOf(event.argv.values.join(" ")) : undefined;
      if (tick === undefined) continue;
      at.set(tick, event.at);
      streamed.set(tick, now);
    }
    if (seen.some(({ event }) => event.type === "run.ended")) break;
  }
  ending.abort();
  return { at, streamed };
}

function tickOf(line: string): number | undefined {
  const [, tick] = /^\/bin\/true tick-([0-9]+)$/.exec(line) ?? [];
  return tick === undefined ? undefined : Number(tick);
}

/**
 * Opens the page and looks at its end, where what happens is added.
 * @returns when each was painted; to be asked for when the run has ended
 */
async function watchScreen(
  browser: Browser,
  { url, token }: { readonly url: string; readonly token: string },
): Promise<() => Promise<ReadonlyMap<number, number>>> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 720 },
    extraHTTPHeaders: { authorization: `Bearer ${token}` },
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  await page.getByRole("row").nth(5).waitFor();
  // A row counts as painted in the task after the frame that has it.
  await page.evaluate(`{
    const seen = (globalThis.seen_ = {});
    const look = () => {
      const fresh = [];
      for (const code of document.querySelectorAll(".events code")) {
        const tick = /tick-([0-9]+)$/.exec(code.textContent)?.[1];
        if (tick !== undefined && seen[tick] === undefined) { seen[tick] = 0; fresh.push(tick); }
      }
      if (fresh.length > 0) requestAnimationFrame(() => setTimeout(() => { for (const tick of fresh) seen[tick] = Date.now(); }));
    };
    look();
    // What was there before is not one that came.
    for (const tick of Object.keys(seen)) seen[tick] = -1;
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    const box = document.querySelector(".events");
    box.scrollTop = box.scrollHeight;
  }`);
  return async () => {
    await page.getByText("✓ all of it").waitFor();
    const seen = await page.evaluate<Record<string, number>>("globalThis.seen_");
    return new Map(Object.entries(seen).flatMap(([tick, time]) => (time > 0 ? [[Number(tick), time] as const] : [])));
  };
}
