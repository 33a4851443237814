/** Exporting by the shipped command: where it is configured, and receivers that others wrote or that misbehave as told. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { bailiwick, commandPath, personEnvironment, type Place } from "./governed.ts";

/** Writes exports.toml. */
export function configure(place: Place, toml: string): void {
  mkdirSync(join(place.home, ".config/bailiwick"), { recursive: true });
  const path = join(place.home, ".config/bailiwick/exports.toml");
  rmSync(path, { force: true });
  writeFileSync(path, toml, { mode: 0o600 });
}

/** The ids of all entries of the record. */
export async function recordedIds(place: Place): Promise<string[]> {
  const { status, stdout, stderr } = await bailiwick(place, ["export", "print", "--format", "event", "all"]);
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { id: string }).id);
}

export interface RunningExporter {
  readonly child: ChildProcess;
  readonly said: () => string;
  /** Resolves once it has ended. */
  readonly ended: Promise<number | null>;
  /** As a service manager would. */
  stop(): Promise<number | null>;
}

/** `bailiwick export run NAME`. */
export function startExporter(place: Place, name: string, env: Readonly<Record<string, string>> = {}): RunningExporter {
  const child = spawn(process.execPath, [commandPath, "export", "run", name], {
    cwd: place.root,
    env: personEnvironment(place, env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  child.stdout.resume();
  const ended = once(child, "exit").then(([status]) => status as number | null);
  return {
    child,
    said: () => said,
    ended,
    stop: async () => {
      child.kill("SIGTERM");
      return await ended;
    },
  };
}

export interface HttpRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface HttpReceiver {
  readonly url: string;
  readonly port: number;
  readonly requests: HttpRequest[];
  stop(): Promise<void>;
}

/** @param answer what to do with a request that was read whole; without one it is taken @param port of one that was there before */
export async function startHttpReceiver(
  answer: (request: HttpRequest, response: ServerResponse) => void = (_, response) =>
    void response.writeHead(200).end(),
  port = 0,
): Promise<HttpReceiver> {
  const requests: HttpRequest[] = [];
  const server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("error", () => undefined);
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const request = { path: incoming.url ?? "", headers: incoming.headers, body: Buffer.concat(chunks) };
      requests.push(request);
      answer(request, response);
    });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: listening } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(listening)}`,
    port: listening,
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}
