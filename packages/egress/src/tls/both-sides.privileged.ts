// SAFETY: TLS to the client with this run's own certificate, and to the server with the host's roots. Both take sockets that exist; nothing
// here opens a connection or resolves a name. The server's certificate is always verified, and for the name that was dialled.
import type { Socket } from "node:net";
import { connect, createSecureContext, createServer, type SecureContext, type Server, type TLSSocket } from "node:tls";
import type { Identity } from "../certificates/authority.ts";
import { EgressError } from "../errors.ts";

/** A handshake that is not over by then will not be. */
const HANDSHAKE_MS = 15_000;

/** What this side of the gateway trusts, parsed once: it takes longer than a handshake. @param roots PEM texts */
export function trusting(roots: readonly string[]): SecureContext {
  return createSecureContext({ ca: [...roots], minVersion: "TLSv1.2" });
}

/** What all connections to servers share. */
export interface ServerSide {
  readonly trust: SecureContext;
  /** For ALPN; none: the extension is left out. */
  readonly protocols: readonly string[];
  /** Sessions to go on with, by host: what is saved is a key exchange and the verification of the same certificate. */
  readonly sessions: Map<string, Buffer>;
}

const MOST_SESSIONS = 1_000;

/**
 * A verified connection to the server. Rejects with what is wrong, in Node's words (`SELF_SIGNED_CERT_IN_CHAIN`).
 */
export async function secureServer(
  socket: Socket,
  host: string,
  { trust, protocols, sessions }: ServerSide,
): Promise<TLSSocket> {
  const known = sessions.get(host);
  const secured = connect({
    socket,
    servername: host,
    secureContext: trust,
    rejectUnauthorized: true,
    ...(protocols.length > 0 && { ALPNProtocols: [...protocols] }),
    ...(known !== undefined && { session: known }),
  });
  secured.on("session", (session) => {
    // Only of one whose certificate was verified: a session that is resumed shows none.
    if (!secured.authorized) return;
    sessions.delete(host);
    sessions.set(host, session);
    for (const oldest of sessions.keys()) {
      if (sessions.size <= MOST_SESSIONS) break;
      sessions.delete(oldest);
    }
  });
  return await handshake(secured);
}

/** @param protocol what ALPN answers; undefined: the extension is left out */
/** Speaks TLS to clients as one host, over sockets that it is given; it never listens. */
export class TlsFront {
  readonly #identity: Identity;
  /** By what ALPN answers; "" where the extension is left out. */
  readonly #servers = new Map<string, Server>();
  readonly #waiting = new Map<string, Waiting>();

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** @param protocol what ALPN answers; undefined: the extension is left out */
  async secure(socket: Socket, protocol: string | undefined): Promise<TLSSocket> {
    const server = this.#servers.get(protocol ?? "") ?? this.#open(protocol);
    return await new Promise<TLSSocket>((resolve, reject) => {
      const ends = endsOf(socket);
      this.#waiting.set(ends, { resolve, reject });
      socket.once("close", () => {
        this.#settle(ends)?.reject(
          new EgressError("EGRESS_CONNECT_ABORTED", "the client closed during the TLS handshake"),
        );
      });
      server.emit("connection", socket);
    });
  }

  #open(protocol: string | undefined): Server {
    const { key, chain } = this.#identity;
    const server = createServer({
      key,
      cert: chain,
      minVersion: "TLSv1.2",
      handshakeTimeout: HANDSHAKE_MS,
      ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
    });
    server.on("secureConnection", (secured) => {
      // Stays, so that no later error is without a handler: `close` follows each.
      secured.on("error", () => undefined);
      this.#settle(endsOf(secured))?.resolve(secured);
    });
    server.on("tlsClientError", (error, secured) => {
      this.#settle(endsOf(secured))?.reject(error);
    });
    this.#servers.set(protocol ?? "", server);
    return server;
  }

  #settle(ends: string): Waiting | undefined {
    const waiting = this.#waiting.get(ends);
    this.#waiting.delete(ends);
    return waiting;
  }
}

interface Waiting {
  readonly resolve: (secured: TLSSocket) => void;
  readonly reject: (error: Error) => void;
}

/** One connection of the sandbox: no two that are open have the same. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress ?? ""} ${String(remotePort)} ${localAddress ?? ""} ${String(localPort)}`;
}

async function handshake(secured: TLSSocket): Promise<TLSSocket> {
  return await new Promise<TLSSocket>((resolve, reject) => {
    const timer = setTimeout(() => {
      secured.destroy(new EgressError("EGRESS_CONNECT_TIMED_OUT", "the TLS handshake was not over in time"));
    }, HANDSHAKE_MS);
    const fail = (error?: Error): void => {
      clearTimeout(timer);
      reject(error ?? new EgressError("EGRESS_CONNECT_ABORTED", "the connection closed during the TLS handshake"));
    };
    // Stays, so that no later error is without a handler: `close` follows each.
    secured.on("error", fail);
    const closed = (): void => {
      fail();
    };
    secured.once("close", closed);
    secured.once("secureConnect", () => {
      clearTimeout(timer);
      secured.off("close", closed);
      resolve(secured);
    });
  });
}
