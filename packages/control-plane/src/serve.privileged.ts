/**
 * SAFETY: the server's listener. What comes in goes to the routes' table and nowhere else; no address is ever dialled from here.
 */
import { createServer as createSecureServer } from "node:https";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import { BlockList, isIP, type AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { ServerError } from "../contract/errors.ts";
import type { Proxies } from "./routes/caller-address.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** PEM; without it plain HTTP, for a proxy that ends TLS, or for loopback. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

/**
 * @param listed addresses, or ranges of them: `10.0.0.0/8`
 * @throws ServerError SERVER_CANNOT_START
 */
export function proxiesOf(listed: readonly string[]): Proxies {
  const list = new BlockList();
  for (const text of listed) {
    const [, address = "", bits] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    if (family === 0 || Number(bits ?? most) > most) {
      throw new ServerError(
        "SERVER_CANNOT_START",
        `\`${text}\` is no address of a trusted proxy, and no range of them`,
        {
          remedy: "for example `10.0.0.5`, `10.0.0.0/8` or `2001:db8::/32`",
        },
      );
    }
    list.addSubnet(address, Number(bits ?? most), family === 4 ? "ipv4" : "ipv6");
  }
  return { has: (address) => isIn(list, address), isAddress: (text) => isIP(text) !== 0 };
}

function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}

const ownMachine = proxiesOf(["127.0.0.0/8", "::1"]);

/** Whether what is said there leaves this machine. */
function isOwnMachine(host: string): boolean {
  return host === "localhost" || ownMachine.has(host);
}

export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

/** A request's head has to be there after so long, the whole of it after ten times that: slow senders hold nothing up for longer. */
const HEAD_MS = 10_000;
/** Who takes nothing of an answer for so long is dropped: until then it holds the server's memory. Streams look after theirs, piece by piece. */
const UNREAD_MS = 10_000;

/** Whether who connects from there may do so without TLS. */
export function mayBePlain(from: string, proxies: Proxies | undefined): boolean {
  return isOwnMachine(from) || proxies?.has(from) === true;
}

export interface ServeOptions {
  /** Of every answer, whatever makes it. */
  readonly headers: Readonly<Record<string, string>>;
  /** What ends TLS in front of the server; undefined: nothing does. */
  readonly proxies: Proxies | undefined;
}

/**
 * Without TLS only this machine and the trusted proxies are listened to: who else connects would send what is theirs in the clear.
 * @throws ServerError SERVER_CANNOT_START
 */
export async function listen(
  fetchRoute: Parameters<typeof getRequestListener>[0],
  { host, port, tls }: ListenOptions,
  { headers, proxies }: ServeOptions,
): Promise<Listener> {
  if (tls === undefined && proxies === undefined && !isOwnMachine(host)) {
    throw new ServerError(
      "SERVER_CANNOT_START",
      `\`${host}\` is no address of this machine alone, and there is no certificate`,
      {
        remedy: "give `--tls-cert` and `--tls-key`, or name what ends TLS in front of it by `--trusted-proxies`",
      },
    );
  }
  const handle = getRequestListener(fetchRoute, { overrideGlobalObjects: false });
  const options = { headersTimeout: HEAD_MS, requestTimeout: 10 * HEAD_MS, maxHeaderSize: 32 << 10 };
  const onRequest = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
    // All of it is with the connection, which begins to count anew whenever some of it has gone, and when it has a next request.
    outgoing.on("prefinish", () => outgoing.socket?.setTimeout(UNREAD_MS));
    inTurn(incoming, outgoing, () => void handle(incoming, outgoing));
  };
  const inTurn = oneAtATime();
  let server: HttpServer;
  try {
    server =
      tls === undefined
        ? createServer(options, onRequest)
        : createSecureServer({ ...options, ...tls, minVersion: "TLSv1.3" }, onRequest);
    if (tls === undefined) {
      server.on("connection", (socket) => {
        if (!mayBePlain(socket.remoteAddress ?? "", proxies)) socket.destroy();
      });
    }
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ServerError("SERVER_CANNOT_START", `cannot listen on \`${host}:${String(port)}\`: ${why}`, {
      cause: error,
      remedy: "choose another address with `--listen`, and check the certificate and its key",
    });
  }
  const bound = server.address() as AddressInfo; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- it listens on a port
  const named = host.includes(":") ? `[${host}]` : host;
  return {
    url: `${tls === undefined ? "http" : "https"}://${named}:${String(bound.port)}`,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      server.closeIdleConnections();
      setTimeout(() => {
        server.closeAllConnections();
      }, 1_000).unref();
      await closed;
    },
  };
}

/**
 * Of one connection the next request is answered when the answer before has gone: who sends a hundred of them ahead and reads nothing (pipelining) holds one answer of
 * the server's memory and not a hundred.
 */
function oneAtATime(): (incoming: IncomingMessage, outgoing: ServerResponse, answer: () => void) => void {
  const newest = new WeakMap<IncomingMessage["socket"], ServerResponse>();
  return ({ socket }, outgoing, answer) => {
    const before = newest.get(socket);
    newest.set(socket, outgoing);
    if (before === undefined || before.closed) answer();
    else {
      before.once("close", () => {
        if (!socket.destroyed) answer();
      });
    }
  };
}
