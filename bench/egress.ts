/** TCP through the gateway against direct loopback and sandbox-runtime: client, gateway and server are a process each. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, start } from "./egress/gateway-setting.ts";
import { OUTSIDE, STREAM_BYTES } from "./egress/setting.ts";
import { download, type Target, upload } from "./egress/streams.ts";
import { interleave, median, quantile } from "./measure.ts";

const ROUNDS = 5;
const CONNECTIONS = 1_000;
const AT_ONCE = 16;

export async function bench(): Promise<Record<string, number>> {
  const server = await start("egress/server.ts");
  const gateway = await start("egress/gateway.ts", String(server.port));
  try {
    const inside = await addressOf(gateway.port);
    const direct = { host: OUTSIDE, port: server.port };
    const through = { host: inside, port: server.port };
    const streams = await interleave(
      {
        directDown: () => download(direct),
        throughDown: () => download(through),
        directUp: () => upload(direct),
        throughUp: () => upload(through),
        srtDown: () => behindSrt("down", server.port),
        srtUp: () => behindSrt("up", server.port),
      },
      ROUNDS,
    );
    await firstBytes(through, 200);
    const latencyDirect = await firstBytes(direct, CONNECTIONS);
    const latencyThrough = await firstBytes(through, CONNECTIONS);
    const down = median(streams.directDown) / median(streams.throughDown);
    const up = median(streams.directUp) / median(streams.throughUp);
    const srtDown = median(streams.srtDown) / median(streams.throughDown);
    const srtUp = median(streams.srtUp) / median(streams.throughUp);
    return {
      "throughput/srt": Math.min(srtDown, srtUp),
      "down/srt": srtDown,
      "up/srt": srtUp,
      "throughput/direct": Math.min(down, up),
      "down/direct": down,
      "up/direct": up,
      "down-gbit": gigabits(median(streams.throughDown)),
      "up-gbit": gigabits(median(streams.throughUp)),
      "direct-down-gbit": gigabits(median(streams.directDown)),
      "direct-up-gbit": gigabits(median(streams.directUp)),
      "connect-ms-p50": median(latencyThrough),
      "connect-ms-p99": quantile(latencyThrough, 0.99),
      "connect-direct-ms-p50": median(latencyDirect),
      "connections-per-second": await rate(through),
      "connections-per-second-direct": await rate(direct),
    };
  } finally {
    gateway.process.kill();
    server.process.kill();
  }
}

const gigabits = (milliseconds: number): number => (STREAM_BYTES * 8) / milliseconds / 1e6;

/** One stream by a process inside sandbox-runtime, whose start is not counted. */
function behindSrt(direction: "down" | "up", port: number): number {
  const folder = mkdtempSync(join(tmpdir(), "bench-srt-"));
  try {
    const settings = join(folder, "settings.json");
    const network = { allowedDomains: ["localhost"], deniedDomains: [] };
    writeFileSync(settings, JSON.stringify({ network, filesystem: { denyRead: [], allowWrite: [], denyWrite: [] } }));
    const srt = join(import.meta.dirname, "../node_modules/.bin/srt");
    const client = join(import.meta.dirname, "egress/behind-srt.ts");
    const args = ["--settings", settings, process.execPath, client, direction, String(port)];
    return Number(execFileSync(srt, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Sorted milliseconds from `connect` to the first byte back, one connection at a time. */
async function firstBytes(target: Target, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const from = performance.now();
    const socket = await exchange(target);
    times.push(performance.now() - from);
    socket.destroy();
  }
  return times.sort((a, b) => a - b);
}

/** Connections a second, each with a byte there and back, some at once. */
async function rate(target: Target): Promise<number> {
  const from = performance.now();
  let left = CONNECTIONS * 3;
  const lane = async (): Promise<void> => {
    while (left-- > 0) (await exchange(target)).destroy();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return (CONNECTIONS * 3_000) / (performance.now() - from);
}

async function exchange(target: Target): Promise<Socket> {
  const socket = connect({ ...target, noDelay: true });
  socket.write("x");
  await once(socket, "data");
  return socket;
}
