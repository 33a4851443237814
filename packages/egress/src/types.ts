import type { Server } from "node:net";
import type { Socket as UdpSocket } from "node:dgram";
import type { Decision } from "@bailiwick/policy";

/** A host that the profile lets a run reach. `name` is lower case; `*.example.com` matches every name below it, not itself. */
export interface HostRule {
  readonly name: string;
  /** 1..65535 */
  readonly port: number;
}

/** The profile's part that the gateway enforces. */
export interface NetworkRules {
  readonly allow: readonly HostRule[];
  /** `[network.hosts]`: static addresses by name. Only these may be private, loopback or link-local. */
  readonly hosts: ReadonlyMap<string, string>;
}

/** Who connected, as far as it is known. */
export interface SocketOwner {
  readonly exec: number | undefined;
}

/** What the gateway reports; the run turns these into events. Called in order per connection. */
export interface GatewayObserver {
  refused(refusal: {
    readonly host: string;
    readonly port: number;
    readonly exec: number | undefined;
    readonly decision: Decision;
    readonly at: number;
  }): void;
  opened(connection: {
    readonly id: number;
    readonly host: string;
    readonly port: number;
    readonly address: string;
    readonly exec: number | undefined;
    readonly decision: Decision;
    readonly at: number;
  }): void;
  closed(connection: {
    readonly id: number;
    readonly bytesSent: number;
    readonly bytesReceived: number;
    readonly wallMs: number;
    readonly error: string | undefined;
    readonly at: number;
  }): void;
}

export interface GatewayOptions {
  /** The sockets inside the sandbox. */
  readonly dns: UdpSocket;
  readonly listeners: ReadonlyMap<number, Server>;
  readonly rules: NetworkRules;
  /** Cedar, within the profile. Port 0 while a name is being resolved: is there any port at which it may be reached? */
  readonly decide: (host: string, port: number, exec: number | undefined) => Decision | Promise<Decision>;
  /** The digest that a refusal by the profile carries in its decision. */
  readonly profileDigest: string;
  /** Finds the exec that owns a socket inside; called beside the work, never before it. */
  readonly findOwner: (ends: {
    readonly protocol: "tcp" | "udp";
    readonly localAddress: string;
    readonly localPort: number;
    readonly remoteAddress: string;
    readonly remotePort: number;
  }) => Promise<number | undefined>;
  readonly observer: GatewayObserver;
}

/** The only way out of a sandbox. */
export interface Gateway {
  /** Ends every connection and stops listening; resolves when `closed` was reported for each. */
  close(): Promise<void>;
}
