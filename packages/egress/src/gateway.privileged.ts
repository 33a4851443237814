// SAFETY: the only way out of a sandbox. Every connection that the listeners accept passes `Connection`, every datagram
// `DnsServer`; there is no other reader of these sockets.
import type { Server, Socket } from "node:net";
import type { Decision } from "@bailiwick/policy";
import { AddressBook, type AddressRange, SANDBOX_RANGE } from "./addresses/address-book.ts";
import { type CheckedAddress, checkStaticAddress } from "./addresses/classify.ts";
import { Never } from "./addresses/never.ts";
import { DnsServer } from "./dns/dns-server.ts";
import { EgressError } from "./errors.ts";
import { parseHostName } from "@bailiwick/base";
import { HostRules } from "./names/host-rules.ts";
import { failedDecision, profileDecision, refusals } from "./refusals.ts";
import { Reports } from "./reports.ts";
import { Connection, type TcpContext } from "./tcp/connection.ts";
import { type AddressCheck, checkPublicAddress, type Lookup, Resolver, systemLookup } from "./tcp/resolver.ts";
import type { Gateway, GatewayOptions } from "./types.ts";
import { reset } from "./tcp/reset.ts";

/** Names with an address at one time, beside those that the profile spells out. */
const MOST_NAMES = 16_384;

/** What the gateway stands on. Product code uses {@link HOST}; tests put the range on loopback and script the resolver. */
export interface Surroundings {
  readonly range: AddressRange;
  readonly lookup: Lookup;
  readonly checkAddress: AddressCheck;
  /** At one time; more are reset. */
  readonly mostConnections: number;
}

const HOST: Surroundings = {
  range: SANDBOX_RANGE,
  lookup: systemLookup,
  checkAddress: (address) => checkPublicAddress(address),
  // Each takes two descriptors of this process, which needs others for the record.
  mostConnections: 1_500,
};

/**
 * Takes over the sandbox's DNS socket and listeners and serves them until {@link Gateway.close}.
 * @throws EgressError EGRESS_RULE_INVALID, EGRESS_STATIC_ADDRESS_INVALID: nothing is served then
 */
export function createGateway(options: GatewayOptions): Gateway {
  return createGatewayIn(HOST, options);
}

/** {@link createGateway} in given surroundings; not part of the package's interface. */
export function createGatewayIn(surroundings: Surroundings, options: GatewayOptions): Gateway {
  const rules = new HostRules(options.rules.allow);
  let id = 0;
  let requests = 0;
  const context: TcpContext = {
    rules,
    book: new AddressBook(surroundings.range, MOST_NAMES, (name) => rules.isExact(name)),
    resolver: new Resolver(surroundings.lookup, surroundings.checkAddress),
    never: new Never(options.never, surroundings.lookup),
    staticAddresses: parseStaticAddresses(options.rules.hosts),
    decide: (name, port, caller) => decideSafely(name, options.profileDigest, () => options.decide(name, port, caller)),
    decideRequest: (question, sent) =>
      decideSafely(question.host, options.profileDigest, () => options.decideRequest(question, sent)),
    inspection: options.inspection,
    ssh: options.ssh,
    nextRequest: () => ++requests,
    reports: new Reports(options),
    observer: options.observer,
    profileDigest: options.profileDigest,
    nextId: () => ++id,
  };
  const dns = new DnsServer({ ...context, socket: options.dns });
  const connections = new Connections(context, surroundings.mostConnections);
  for (const [port, listener] of options.listeners) connections.acceptFrom(listener, port);
  return {
    bytesPassed: () => connections.bytesPassed,
    close: async () => {
      dns.close();
      await connections.close();
      await options.inspection?.close();
    },
  };
}

class Connections {
  readonly #context: TcpContext;
  readonly #most: number;
  readonly #listeners: Server[] = [];
  readonly #open = new Map<Connection, Promise<void>>();
  #closed = false;
  /** Of connections that have ended. */
  #bytesBefore = 0;

  constructor(context: TcpContext, most: number) {
    this.#context = context;
    this.#most = most;
  }

  get bytesPassed(): number {
    let bytes = this.#bytesBefore;
    for (const connection of this.#open.keys()) bytes += connection.bytesPassed;
    return bytes;
  }

  acceptFrom(listener: Server, port: number): void {
    this.#listeners.push(listener);
    listener.on("connection", (socket) => {
      this.#accept(socket, port);
    });
    // Accepting failed (out of descriptors): that connection is lost, which refuses it; the listener goes on.
    listener.on("error", () => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const listener of this.#listeners) if (listener.listening) listener.close();
    for (const connection of this.#open.keys()) connection.destroy();
    await Promise.all(this.#open.values());
  }

  #accept(socket: Socket, port: number): void {
    const connection = new Connection(this.#context, socket, port);
    if (this.#closed) {
      socket.destroy();
      return;
    }
    if (this.#open.size >= this.#most) {
      const decision = profileDecision(refusals.tooManyConnections(this.#most), this.#context.profileDigest);
      const name = this.#context.book.nameOf(socket.localAddress ?? "");
      this.#context.reports.refused(name ?? socket.localAddress ?? "", port, undefined, decision);
      reset(socket);
      return;
    }
    const served = connection
      .serve()
      .catch(() => {
        // The observer failed, or this code did: what is not recorded does not go on.
        connection.destroy();
      })
      .finally(() => {
        this.#bytesBefore += connection.bytesPassed;
        this.#open.delete(connection);
      });
    this.#open.set(connection, served);
  }
}

/** An error while deciding is a refusal. */
function decideSafely(
  host: string,
  profileDigest: string,
  decide: () => Decision | Promise<Decision>,
): Decision | Promise<Decision> {
  const failed = (error: unknown): Decision => failedDecision(host, error, profileDigest);
  try {
    const decision = decide();
    return decision instanceof Promise ? decision.catch(failed) : decision;
  } catch (error) {
    return failed(error);
  }
}

function parseStaticAddresses(hosts: ReadonlyMap<string, string>): ReadonlyMap<string, CheckedAddress> {
  const addresses = new Map<string, CheckedAddress>();
  for (const [host, address] of hosts) {
    const name = parseHostName(host);
    const checked = checkStaticAddress(address);
    if (name === undefined || "refusal" in checked) {
      const what =
        name === undefined
          ? "the name is not a host name"
          : `the address is ${"refusal" in checked ? checked.refusal : ""}`;
      throw new EgressError(
        "EGRESS_STATIC_ADDRESS_INVALID",
        `not a static address: \`"${host}" = "${address}"\`: ${what}`,
        {
          remedy: 'write `"name" = "address"` under `[network.hosts]`, one IPv4 or IPv6 address of one host',
        },
      );
    }
    addresses.set(name, checked);
  }
  return addresses;
}
