// SAFETY: opens a listener on the host. Loopback unless the person names another address; what it accepts goes into the
// sandbox and nowhere else.
import { createServer, type Server, type Socket } from "node:net";
import { isErrno } from "@bailiwick/base";
import { EgressError } from "./errors.ts";
import { reset } from "./tcp/reset.ts";

export interface PublishOptions {
  /** 1..65535, the same on the host and inside. */
  readonly port: number;
  /** A connection to 127.0.0.1:port inside. Rejects when nothing listens there. */
  readonly connectInside: (port: number) => Promise<Socket>;
  /** Where the host listens; by default only programs of this machine reach it. */
  readonly host?: string;
}

/** A port of the sandbox that the host can reach. */
export interface Publication {
  readonly host: string;
  readonly port: number;
  /** Stops listening and ends its connections. */
  close(): Promise<void>;
}

/**
 * Makes a server inside reachable from the host (`--publish`). A connection that nothing answers inside is reset.
 * @throws EgressError EGRESS_PUBLISH_PORT_IN_USE, EGRESS_PUBLISH_PORT_NOT_PERMITTED, EGRESS_PUBLISH_FAILED
 */
export async function publishPort(options: PublishOptions): Promise<Publication> {
  const { port, host = "127.0.0.1" } = options;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  server.on("connection", (outside) => {
    void forward(outside, options, sockets);
  });
  await listen(server, host, port);
  // Accepting failed (out of descriptors): that connection is lost, the listener goes on.
  server.on("error", () => undefined);
  return {
    host,
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const where = `\`${host}:${String(port)}\``;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      if (isErrno(cause, "EADDRINUSE")) {
        const remedy = "stop the program that listens there, or publish another port";
        reject(
          new EgressError("EGRESS_PUBLISH_PORT_IN_USE", `cannot publish ${where}: the port is in use`, {
            cause,
            remedy,
          }),
        );
      } else if (isErrno(cause, "EACCES")) {
        const remedy = "publish a port of 1024 or above";
        reject(
          new EgressError("EGRESS_PUBLISH_PORT_NOT_PERMITTED", `cannot publish ${where}: not permitted`, {
            cause,
            remedy,
          }),
        );
      } else {
        const remedy = "publish on 127.0.0.1, or on an address of this machine";
        reject(
          new EgressError("EGRESS_PUBLISH_FAILED", `cannot publish ${where}: ${cause.message}`, { cause, remedy }),
        );
      }
    });
    server.listen({ host, port }, () => {
      server.removeAllListeners("error");
      resolve();
    });
  });
}

async function forward(outside: Socket, options: PublishOptions, sockets: Set<Socket>): Promise<void> {
  track(outside, sockets);
  let inside: Socket;
  try {
    inside = await options.connectInside(options.port);
  } catch (error) {
    // Nothing listens inside, or the sandbox has ended: the caller sees what it would see without the sandbox.
    reset(outside);
    if (error instanceof Error) return;
    throw error;
  }
  track(inside, sockets);
  if (outside.destroyed) {
    inside.destroy();
    return;
  }
  inside.allowHalfOpen = true;
  inside.setNoDelay(true);
  inside.on("error", () => reset(outside));
  outside.on("error", () => reset(inside));
  outside.pipe(inside);
  inside.pipe(outside);
}

function track(socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  // An error is followed by `close`.
  socket.on("error", () => undefined);
  socket.once("close", () => {
    sockets.delete(socket);
  });
}
