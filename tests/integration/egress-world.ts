/**
 * A gateway on loopback without a sandbox: "inside" is 127.18.0.0/15 in place of 198.18.0.0/15, served by a listener on
 * 0.0.0.0; "outside" are servers on 127.0.0.2, which the kernel prefers for its own address (SO_REUSEPORT lets both be).
 */
import assert from "node:assert/strict";
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import dnsPacket from "dns-packet";
import type { Decision } from "@bailiwick/policy";
import type { Gateway, GatewayObserver, GatewayOptions } from "@bailiwick/egress";
import { createGatewayIn, type Surroundings } from "../../packages/egress/src/gateway.privileged.ts";
import { checkPublicAddress } from "../../packages/egress/src/tcp/resolver.ts";

export const OUTSIDE = "127.0.0.2";
export const PROFILE_DIGEST = `sha256:${"0".repeat(64)}`;
export const ALLOWED: Decision = {
  outcome: "allow",
  policies: ["test"],
  reason: "",
  instead: undefined,
  approver: undefined,
  policyDigest: `sha256:${"1".repeat(64)}`,
  scope: "exact",
  failure: undefined,
};
export const DENIED: Decision = { ...ALLOWED, outcome: "deny", reason: "the policy says no" };

export type Report =
  | ({ kind: "refused" } & Parameters<GatewayObserver["refused"]>[0])
  | ({ kind: "opened" } & Parameters<GatewayObserver["opened"]>[0])
  | ({ kind: "closed" } & Parameters<GatewayObserver["closed"]>[0])
  | ({ kind: "sent" } & Parameters<GatewayObserver["requestSent"]>[0])
  | ({ kind: "requestRefused" } & Parameters<GatewayObserver["requestRefused"]>[0])
  | ({ kind: "answered" } & Parameters<GatewayObserver["requestEnded"]>[0])
  | ({ kind: "toolCalled" } & Parameters<GatewayObserver["toolCalled"]>[0])
  | ({ kind: "toolsAnswered" } & Parameters<GatewayObserver["toolsAnswered"]>[0])
  | ({ kind: "modelCalled" } & Parameters<GatewayObserver["modelCalled"]>[0])
  | ({ kind: "leak" } & { leak: Parameters<GatewayObserver["leakFound"]>[0] })
  | ({ kind: "misused" } & Parameters<GatewayObserver["credentialMisused"]>[0]);

export interface World {
  readonly reports: readonly Report[];
  readonly of: <K extends Report["kind"]>(kind: K) => readonly Extract<Report, { kind: K }>[];
  /** Asks the gateway's DNS; rejects without an answer. */
  ask(name: string, type?: string): Promise<dnsPacket.DecodedPacket>;
  askRaw(message: Buffer): Promise<Buffer>;
  /** The address inside of a permitted name. */
  addressOf(name: string): Promise<string>;
  /** A connection as a process inside makes it: by name. */
  connect(name: string, port: number): Promise<Socket>;
  readonly gateway: Gateway;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly never?: GatewayOptions["never"];
  readonly allow: readonly { name: string; port: number }[];
  readonly hosts?: Readonly<Record<string, string>>;
  readonly ports?: readonly number[];
  readonly decide?: GatewayOptions["decide"];
  readonly decideRequest?: GatewayOptions["decideRequest"];
  readonly inspection?: GatewayOptions["inspection"];
  readonly findOwner?: GatewayOptions["findOwner"];
  readonly lookup?: Surroundings["lookup"];
  readonly checkAddress?: Surroundings["checkAddress"];
  readonly observer?: Partial<GatewayObserver>;
  readonly mostConnections?: number;
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const reports: Report[] = [];
  const dns = createSocket("udp4");
  await new Promise<void>((resolve) => dns.bind(0, "127.0.0.1", resolve));
  const listeners = new Map<number, Server>();
  for (const port of new Set([...options.allow.map((rule) => rule.port), ...(options.ports ?? [])])) {
    listeners.set(port, await listenAt("0.0.0.0", port));
  }
  const surroundings: Surroundings = {
    range: { first: 0x7f_12_00_02, last: 0x7f_13_ff_fe },
    lookup: options.lookup ?? ((name) => Promise.reject(new Error(`looked up ${name}`))),
    checkAddress: options.checkAddress ?? ((address) => checkPublicAddress(address)),
    mostConnections: options.mostConnections ?? 100,
  };
  const served: GatewayOptions = {
    dns,
    listeners,
    rules: { allow: options.allow, hosts: new Map(Object.entries(options.hosts ?? {})) },
    never: options.never ?? [],
    decide: options.decide ?? (() => ALLOWED),
    decideRequest: options.decideRequest ?? (() => ALLOWED),
    inspection: options.inspection,
    ssh: undefined,
    profileDigest: PROFILE_DIGEST,
    findOwner: options.findOwner ?? (() => Promise.resolve(7)),
    observer: {
      refused: (refusal) => {
        reports.push({ kind: "refused", ...refusal });
        options.observer?.refused?.(refusal);
      },
      opened: (connection) => {
        reports.push({ kind: "opened", ...connection });
        options.observer?.opened?.(connection);
      },
      closed: (connection) => {
        reports.push({ kind: "closed", ...connection });
        options.observer?.closed?.(connection);
      },
      requestSent: async (sent) => {
        reports.push({ kind: "sent", ...sent });
        return (await options.observer?.requestSent?.(sent)) ?? true;
      },
      requestRefused: (refused) => reports.push({ kind: "requestRefused", ...refused }),
      requestEnded: (ended) => reports.push({ kind: "answered", ...ended }),
      leakFound: (leak) => reports.push({ kind: "leak", leak }),
      credentialMisused: (alarm) => reports.push({ kind: "misused", ...alarm }),
      toolCalled: (call) => reports.push({ kind: "toolCalled", ...call }),
      toolsAnswered: (answer) => reports.push({ kind: "toolsAnswered", ...answer }),
      modelCalled: (call) => reports.push({ kind: "modelCalled", ...call }),
    },
  };
  let gateway: Gateway;
  try {
    gateway = createGatewayIn(surroundings, served);
  } catch (error) {
    dns.close();
    for (const listener of listeners.values()) listener.close();
    throw error;
  }
  const server = dns.address();
  const askRaw = (message: Buffer): Promise<Buffer> => exchange(message, server.port);
  const ask = async (name: string, type = "A"): Promise<dnsPacket.DecodedPacket> =>
    dnsPacket.decode(
      await askRaw(
        dnsPacket.encode({
          type: "query",
          id: 4711,
          flags: dnsPacket.RECURSION_DESIRED,
          questions: [{ name, type: type as "A" }],
        }),
      ),
    );
  const addressOf = async (name: string): Promise<string> => {
    const [answer] = (await ask(name)).answers ?? [];
    assert.equal(answer?.type, "A", `\`${name}\` has no address`);
    return (answer as { data: string }).data;
  };
  return {
    reports,
    of: <K extends Report["kind"]>(kind: K) =>
      reports.filter((report): report is Extract<Report, { kind: K }> => report.kind === kind),
    ask,
    askRaw,
    addressOf,
    connect: async (name, port) => {
      const socket = connect({ host: await addressOf(name), port, allowHalfOpen: true });
      // A reset may come so early that the connection never seems to have been there.
      await settled(socket, "connect");
      return socket;
    },
    gateway,
    close: () => gateway.close(),
  };
}

/** A listener that may share its port with others on other addresses. */
export async function listenAt(host: string, port: number, onConnection?: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true });
  if (onConnection !== undefined) server.on("connection", onConnection);
  server.listen({ host, port, reusePort: true });
  await once(server, "listening");
  return server;
}

export interface Outside {
  readonly port: number;
  readonly connections: Socket[];
  /** All bytes that ever came. */
  received(): string;
  close(): Promise<void>;
}

/** A server outside. What came is kept; `serve` says what it does. */
export async function openOutside(serve: (socket: Socket) => void = () => undefined): Promise<Outside> {
  const connections: Socket[] = [];
  const chunks: Buffer[] = [];
  const server = await listenAt(OUTSIDE, 0, (socket) => {
    connections.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => chunks.push(chunk));
    serve(socket);
  });
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    received: () => Buffer.concat(chunks).toString("latin1"),
    close: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Resolves with the event, or when the socket is closed; an error is no rejection. */
export async function settled(socket: Socket, event: "connect" | "close"): Promise<void> {
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.once(event, () => resolve());
    socket.once("close", () => resolve());
    if (socket.closed) resolve();
  });
}

/** Everything until the end of the stream, and how it ended: `end`, or the error's code. */
export async function readAll(socket: Socket): Promise<{ data: string; ended: string }> {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  const ended = await new Promise<string>((resolve) => {
    socket.once("end", () => resolve("end"));
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    const past: NodeJS.ErrnoException | null = socket.errored;
    if (past !== null) resolve(past.code ?? past.message);
    else if (socket.closed) resolve("closed");
  });
  return { data: Buffer.concat(chunks).toString("latin1"), ended };
}

/** Polls until the condition holds; fails after five seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function exchange(message: Buffer, port: number): Promise<Buffer> {
  const socket: UdpSocket = createSocket("udp4");
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("no answer")), 2_000);
      socket.once("message", (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      socket.send(message, port, "127.0.0.1");
    });
  } finally {
    socket.close();
  }
}
