/**
 * HTTP through the gateway that looks into it, against TLS straight to the same server, and through sandbox-runtime's proxy that ends TLS (which has no HTTP/2):
 * client, gateway, proxy and server are a process each.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, type AgentOptions, request } from "node:https";
import { connect as connectHttp2 } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { addressOf, start } from "./egress/gateway-setting.ts";
import { EVENT, EVENTS, NAME, OUTSIDE, STREAM_BYTES } from "./inspect/setting.ts";
import { interleave, median } from "./measure.ts";

const ROUNDS = 3;
const REQUESTS = 300;
const CONNECTIONS = 100;

interface Place {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  /** The port of an HTTP proxy that is asked for the connection. */
  readonly proxy?: number;
}

function agentFor({ proxy }: Place, options: AgentOptions = { keepAlive: true, maxSockets: 1 }): Agent {
  return new Agent(
    proxy === undefined ? options : { ...options, proxyEnv: { HTTPS_PROXY: `http://127.0.0.1:${String(proxy)}` } },
  );
}

export async function bench(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "bench-inspect-"));
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const names = ["-subj", `/CN=${NAME}`, "-addext", `subjectAltName=DNS:${NAME}`];
  execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", "key.pem", "-out", "cert.pem", "-days", "1", ...names], { cwd: folder, stdio: "pipe" }); // prettier-ignore
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const server = await start("inspect/server.ts", key, cert);
  const gateway = await start("egress/gateway.ts", String(server.port), cert);
  const srt = await start("inspect/srt.ts", cert);
  try {
    const { port } = server;
    const direct = { host: OUTSIDE, port, ca: readFileSync(cert, "utf8") };
    const through = { host: await addressOf(gateway.port), port, ca: gateway.ca };
    const throughSrt = { host: NAME, port, ca: srt.ca, proxy: srt.port };
    return {
      ...(await streams(direct, through, throughSrt)),
      ...(await modelStreams(through)),
      ...(await latencies(direct, through, throughSrt)),
    };
  } finally {
    srt.process.kill();
    gateway.process.kill();
    server.process.kill();
    rmSync(folder, { recursive: true });
  }
}

async function streams(direct: Place, through: Place, srt: Place): Promise<Record<string, number>> {
  const times = await interleave(
    {
      direct1: () => download(direct),
      through1: () => download(through),
      srt1: () => download(srt),
      directUp: () => upload(direct),
      throughUp: () => upload(through),
      srtUp: () => upload(srt),
      direct2: () => download2(direct),
      through2: () => download2(through),
    },
    ROUNDS,
  );
  const [down, up, down2] = [median(times.through1), median(times.throughUp), median(times.through2)];
  return {
    "http1/direct": median(times.direct1) / down,
    "http1/srt": median(times.srt1) / down,
    "http1-up/direct": median(times.directUp) / up,
    "http1-up/srt": median(times.srtUp) / up,
    "http2/direct": median(times.direct2) / down2,
    "http1-megabytes-per-second": STREAM_BYTES / down / 1_000,
    "http1-up-megabytes-per-second": STREAM_BYTES / up / 1_000,
    "http2-megabytes-per-second": STREAM_BYTES / down2 / 1_000,
  };
}

async function modelStreams(through: Place): Promise<Record<string, number>> {
  const times = await interleave(
    { model: () => converse(through, "/v1/messages"), other: () => converse(through, "/v1/events") },
    ROUNDS,
  );
  return {
    "model/other": median(times.other) / median(times.model),
    "model-events-per-second": (EVENTS / median(times.model)) * 1_000,
  };
}

/** What each adds, in milliseconds, and what a request takes through sandbox-runtime against through the gateway. */
async function latencies(
  ...places: readonly [direct: Place, through: Place, srt: Place]
): Promise<Record<string, number>> {
  const [straight, warm, srtWarm] = await latency(places, REQUESTS, (place) => agentFor(place));
  const [straightFirst, first, srtFirst] = await latency(places, CONNECTIONS, undefined);
  return {
    "warm-added-ms-p50": warm - straight,
    "warm-srt-added-ms-p50": srtWarm - straight,
    "warm/srt": srtWarm / warm,
    "first-added-ms-p50": first - straightFirst,
    "first-srt-added-ms-p50": srtFirst - straightFirst,
    "first/srt": srtFirst / first,
  };
}

/** One request; resolves with the milliseconds until its answer was whole. @param body of so many bytes, as fast as it is taken */
async function ask({ host, port, ca }: Place, path: string, agent: Agent, body = 0): Promise<number> {
  const from = performance.now();
  return await new Promise((resolve, reject) => {
    const headers = { host: `${NAME}:${String(port)}`, ...(body > 0 && { "content-length": body }) };
    const method = body > 0 ? "PUT" : "GET";
    const sent = request({ host, port, ca, agent, path, servername: NAME, method, headers }, (answer) => {
      let length = 0;
      answer.on("data", (chunk: Buffer) => (length += chunk.length));
      answer.on("end", () => {
        if (answer.statusCode !== 200) reject(new Error(`status ${String(answer.statusCode)}`));
        else if (path === "/stream" && length !== STREAM_BYTES) reject(new Error(`${String(length)} bytes`));
        else resolve(performance.now() - from);
      });
    });
    sent.on("error", reject);
    Readable.from(blocks(body)).pipe(sent);
  });
}

const BLOCK = Buffer.alloc(1 << 16, "x");

function* blocks(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= BLOCK.length) yield BLOCK;
}

/** On a connection that is open already. */
async function onOpen(place: Place, act: (agent: Agent) => Promise<number>): Promise<number> {
  const agent = agentFor(place);
  await ask(place, "/", agent);
  const time = await act(agent);
  agent.destroy();
  return time;
}

async function download(place: Place): Promise<number> {
  return await onOpen(place, async (agent) => await ask(place, "/stream", agent));
}

async function upload(place: Place): Promise<number> {
  return await onOpen(place, async (agent) => await ask(place, "/", agent, STREAM_BYTES));
}

/** A request of a model's form, of half a megabyte, and its stream; the path says whether it is read. */
async function converse({ host, port, ca }: Place, path: string): Promise<number> {
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "words ".repeat(80_000) }] });
  const agent = new Agent({ keepAlive: true });
  await ask({ host, port, ca }, "/", agent);
  const from = performance.now();
  await new Promise<void>((resolve, reject) => {
    const headers = {
      host: `${NAME}:${String(port)}`,
      "content-type": "application/json",
      "content-length": body.length,
    };
    const sent = request({ host, port, ca, agent, path, servername: NAME, method: "POST", headers }, (answer) => {
      let length = 0;
      answer.on("data", (chunk: Buffer) => (length += chunk.length));
      answer.on("end", () => {
        if (length === EVENTS * EVENT.length) resolve();
        else reject(new Error(`${String(length)} bytes`));
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
  const time = performance.now() - from;
  agent.destroy();
  return time;
}

async function download2({ host, port, ca }: Place): Promise<number> {
  const session = connectHttp2(`https://${NAME}:${String(port)}`, { ca, host, servername: NAME, lookup: (_, __, done) => done(null, [{ address: host, family: 4 }]), settings: { initialWindowSize: 1 << 20 } }); // prettier-ignore
  await once(session, "connect");
  session.setLocalWindowSize(1 << 24);
  const from = performance.now();
  const stream = session.request({ ":path": "/stream" });
  let length = 0;
  stream.on("data", (chunk: Buffer) => (length += chunk.length));
  await once(stream, "end");
  if (length !== STREAM_BYTES) throw new Error(`${String(length)} bytes`);
  const time = performance.now() - from;
  session.destroy();
  return time;
}

/**
 * Median milliseconds of requests to each place in turn, after a tenth of them unmeasured.
 * @param keep the agent of one open connection; undefined: every request has a connection of its own, with a whole handshake
 */
async function latency(
  places: readonly [Place, Place, Place],
  count: number,
  keep: ((place: Place) => Agent) | undefined,
): Promise<[number, number, number]> {
  const asked = places.map((place) => ({ place, agent: keep?.(place), times: [] as number[] }));
  for (let index = -count / 10; index < count; index++) {
    for (const { place, agent, times } of asked) {
      const used = agent ?? agentFor(place, { keepAlive: false, maxCachedSessions: 0 });
      const time = await ask(place, "/", used);
      if (agent === undefined) used.destroy();
      if (index >= 0) times.push(time);
    }
  }
  for (const { agent } of asked) agent?.destroy();
  const [one = Number.NaN, two = Number.NaN, three = Number.NaN] = asked.map(({ times }) =>
    median(times.sort((a, b) => a - b)),
  );
  return [one, two, three];
}
