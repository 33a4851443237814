/** The gateway of egress-world.ts with a host that is looked into, and raw clients that say exactly what a test wants said. */
import { once } from "node:events";
import { openInspection, type BrokeredCredential, type GatewayObserver } from "@bailiwick/egress";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import type { RequestListener } from "node:http";
import { makeAuthority, serveHttp2, serveHttps, type OutsideServer } from "../support/https-server.ts";
import { openWorld, OUTSIDE, type World, type WorldOptions } from "./egress-world.ts";

export const HOST = "api.test";

export interface InspectedWorld extends World {
  readonly port: number;
  readonly server: OutsideServer;
  /** Trusts the run's authority only. */
  tls(options?: ConnectionOptions): Promise<TLSSocket>;
  plain(): Promise<Socket>;
  /** Sends these bytes over TLS and gives all that comes back until the connection ends. */
  exchange(bytes: string): Promise<string>;
  /** The same, until one whole answer has come. */
  exchangeOne(bytes: string): Promise<string>;
  readonly bundle: string;
  close(): Promise<void>;
}

export interface InspectedOptions {
  readonly listener: RequestListener;
  readonly decideRequest?: WorldOptions["decideRequest"];
  readonly credentials?: readonly BrokeredCredential[];
  /** Whether the server's authority is trusted. */
  readonly trusted?: boolean;
  readonly serverNames?: readonly string[];
  readonly hosts?: readonly string[];
  readonly modelTextCharacters?: number;
  /** The server speaks HTTP/2, and HTTP/1.1 to those who do not. */
  readonly http2?: boolean;
  readonly mostConnections?: number;
  readonly requestSent?: GatewayObserver["requestSent"];
}

export async function openInspectedWorld(options: InspectedOptions): Promise<InspectedWorld> {
  const authority = makeAuthority();
  const identity = authority.identityOf(...(options.serverNames ?? [HOST]));
  const serve = options.http2 === true ? serveHttp2 : serveHttps;
  const { server, port } = await serve(identity, options.listener, OUTSIDE);
  const inspection = await openInspection({
    run: "test",
    nowMs: Date.now(),
    hosts: options.hosts ?? [HOST],
    trust: options.trusted === false ? [] : [authority.file],
    credentials: options.credentials ?? [],
    modelTextCharacters: options.modelTextCharacters ?? 0,
    environment: {},
  });
  const world = await openWorld({
    allow: [{ name: HOST, port }],
    hosts: { [HOST]: OUTSIDE },
    inspection,
    ...(options.mostConnections !== undefined && { mostConnections: options.mostConnections }),
    ...(options.decideRequest !== undefined && { decideRequest: options.decideRequest }),
    ...(options.requestSent !== undefined && { observer: { requestSent: options.requestSent } }),
  });
  const plain = (): Promise<Socket> => world.connect(HOST, port);
  const tls = async (more: ConnectionOptions = {}): Promise<TLSSocket> => {
    const socket = connectTls({ socket: await plain(), servername: HOST, ca: inspection.additions, ...more });
    await once(socket, "secureConnect");
    socket.on("error", () => undefined);
    return socket;
  };
  return {
    ...world,
    port,
    server,
    plain,
    tls,
    bundle: inspection.bundle,
    exchange: async (bytes) => {
      const socket = await tls();
      socket.write(bytes, "latin1");
      return await readUntilClosed(socket);
    },
    exchangeOne: async (bytes) => {
      const socket = await tls();
      socket.write(bytes, "latin1");
      return await readUntil(socket, isWholeAnswer);
    },
    close: async () => {
      await world.close();
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      authority.remove();
    },
  };
}

/** All that comes until the other side ends it. */
export async function readUntilClosed(socket: Socket): Promise<string> {
  return await readUntil(socket, () => false);
}

/** All that comes until it is enough, or the other side ends it. */
async function readUntil(socket: Socket, isEnough: (text: string) => boolean): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (isEnough(Buffer.concat(chunks).toString("latin1"))) resolve();
    });
    socket.once("end", resolve);
    socket.once("close", () => resolve());
    if (socket.closed || socket.readableEnded) resolve();
  });
  socket.destroy();
  return Buffer.concat(chunks).toString("latin1");
}

/** Whether a text holds a whole answer with a length. */
function isWholeAnswer(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1];
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length);
}
