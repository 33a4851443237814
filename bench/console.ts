/**
 * The web console in chromium. Of the shipped server: how long its first page takes. Its server played: a list of 10,000 runs, and a run of a million
 * events, and how long the browser takes from one picture to the next while somebody scrolls through them, and while the million arrives.
 */
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { once } from "node:events";
import type { Page } from "playwright-core";
import { startChromium } from "../tests/support/chromium.ts";
import { startConsole } from "../tests/support/console.ts";
import { median, quantile } from "./measure.ts";

const RUNS = 10_000;
const EVENTS = 1_000_000;
const PER_WRITE = 200;
const SCROLLS = 150;
const FIRST_PAGES = 10;
const files = join(import.meta.dirname, "../packages/cli/dist/console");
const TYPES: Readonly<Record<string, string>> = { ".js": "text/javascript", ".css": "text/css" };
const digest = `sha256:${"ab".repeat(32)}`;
const base = { v: 1, at: 1_760_000_000_000 };

export async function bench(): Promise<Record<string, number>> {
  const first = await openFirstPages();
  const server = createServer((request, response) => {
    void answer(new URL(request.url ?? "/", "http://x"), response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    page.setDefaultTimeout(180_000);
    await page.goto(`${addressOf(server)}/runs`);
    await page.getByText(`${String(RUNS)} of ${String(RUNS)}`).waitFor();
    const list = await framesWhile(page, () => scroll(page, 2_000));
    await page.goto(`${addressOf(server)}/runs/${runId(1)}`);
    await page.getByRole("row").nth(10).waitFor();
    let begun = performance.now();
    const loading = await framesWhile(page, async () => {
      await page.getByText("✓ all of it").waitFor();
      begun = performance.now() - begun;
    });
    const run = await framesWhile(page, () => scroll(page, 150_000));
    const keys = await framesWhile(page, async () => {
      for (let time = 0; time < SCROLLS / 3; time++) await page.keyboard.press("r");
    });
    return {
      "first-page-ms-p50": median(first),
      "first-page-ms-max": quantile(first, 1),
      "frame-ms-p95/10k-runs": quantile(list, 0.95),
      "frame-ms-p95/1M-events": quantile(run, 0.95),
      "frame-ms-p95/1M-events-keys": quantile(keys, 0.95),
      "frame-ms-p95/1M-events-arriving": quantile(loading, 0.95),
      "arriving-s/1M-events": begun / 1_000,
    };
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
}

/** Milliseconds from the address to the page with what its server told it, in browsers that have nothing of it yet, ascending. */
async function openFirstPages(): Promise<number[]> {
  const actions = ["viewRun", "watchRun"];
  const { server, browser, tokenOf, close } = await startConsole(actions);
  try {
    const headers = { authorization: `Bearer ${await tokenOf("olivia", actions)}` };
    const took: number[] = [];
    for (let time = 0; time < FIRST_PAGES; time++) {
      const context = await browser.newContext({ extraHTTPHeaders: headers });
      const page = await context.newPage();
      const from = performance.now();
      await page.goto(`${server.url}/runs`);
      await page.getByText("● live").waitFor();
      took.push(performance.now() - from);
      await context.close();
    }
    return took.sort((a, b) => a - b);
  } finally {
    await close();
  }
}

/** Milliseconds between the pictures that the browser drew meanwhile, ascending. */
async function framesWhile(page: Page, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(
    `{ const frames = (globalThis.frames_ = []); let before = performance.now(); const mine = (globalThis.turn_ = {});
       requestAnimationFrame(function tick(now) { frames.push(now - before); before = now; if (globalThis.turn_ === mine) requestAnimationFrame(tick); }); }`,
  );
  await work();
  const frames = await page.evaluate<number[]>(`{ globalThis.turn_ = undefined; globalThis.frames_; }`);
  return frames.sort((a, b) => a - b);
}

/** @param jump now and then so many pixels: all of it is passed */
async function scroll(page: Page, jump: number): Promise<void> {
  await page.mouse.move(400, 500);
  for (let time = 0; time < SCROLLS; time++) await page.mouse.wheel(0, time % 10 === 9 ? jump : 700);
}

async function answer({ pathname, searchParams }: URL, response: ServerResponse): Promise<void> {
  if (pathname === "/api/v1/session") json(response, { type: "Person", id: "olivia", actions: [] });
  else if (pathname === "/api/v1/runs") {
    const after = Number(searchParams.get("after") ?? RUNS);
    const items = Array.from({ length: Math.min(1_000, after) }, (_, index) => aRun(after - index - 1));
    json(response, { items, ...(after > 1_000 && { next: after - 1_000 }) });
  } else if (pathname === "/api/v1/stream") beginStream(response);
  else if (pathname.endsWith("/stream")) await streamRun(response);
  else if (pathname.endsWith("/events")) json(response, { items: [] });
  else if (pathname.startsWith("/api/v1/runs/")) json(response, aRun(1));
  else {
    const path = pathname.startsWith("/assets/") ? pathname : "/index.html";
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/html" });
    response.end(readFileSync(join(files, path)));
  }
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function beginStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" }).write("retry: 1000\n\n");
}

async function streamRun(response: ServerResponse): Promise<void> {
  beginStream(response);
  for (let seq = 1; seq <= EVENTS && !response.destroyed; seq += PER_WRITE) {
    let text = "";
    for (let index = seq; index < seq + PER_WRITE; index++) {
      text += `id: ${String(index)}\ndata: ${JSON.stringify({ seq: index, host: "h", index, erased: false, event: eventAt(index) })}\n\n`;
    }
    if (!response.write(text)) await new Promise((resolve) => response.once("drain", resolve));
  }
}

/** An agent that starts shells, which start programs; every tenth is refused, every other one has ended. */
function eventAt(seq: number): object {
  const run = runId(1);
  if (seq === EVENTS) {
    const counts = { execs: 1, refused: 0, asked: 0, connections: 0, hostsRefused: 0 };
    return { ...base, run, type: "run.ended", status: 0, reason: "exited", counts, wallMs: 1 };
  }
  if (seq % 2 === 0) return { ...base, run, type: "exec.ended", exec: seq - 1, status: 0, cpuMs: 1, wallMs: seq % 997 };
  const refused = seq % 20 === 19;
  const decision = {
    outcome: refused ? "deny" : "allow",
    policies: ["standard"],
    reason: refused ? "not for agents" : "",
    policyDigest: digest,
  };
  return {
    ...{
      ...base,
      run,
      type: refused ? "exec.refused" : "exec.allowed",
      exec: seq,
      parent: seq < 100 ? 0 : (seq % 100) | 1,
      pid: 1,
    },
    ...{ asked: "cc", program: { path: "/usr/bin/cc", digest }, cwd: "/home/robin/shop", decision },
    argv: { values: ["cc", "-O2", "-c", `src/part-${String(seq)}.c`, "-o", `build/part-${String(seq)}.o`] },
  };
}

function aRun(number: number): object {
  return {
    ...{
      run: runId(number),
      host: "laptop",
      person: "robin",
      startedAt: base.at,
      agent: "claude-code",
      project: "shop",
    },
    ...{
      profile: "standard",
      labels: [],
      command: ["claude", `task ${String(number)}`],
      status: 0,
      endedAt: base.at + 1_000,
      entries: 3,
      erased: false,
    },
  };
}

function runId(number: number): string {
  return `01jd${String(number).padStart(22, "0")}`;
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the played server has no port");
  return `http://127.0.0.1:${String(address.port)}`;
}
