import type { Server } from "node:net";
import type { Socket as UdpSocket } from "node:dgram";
import type { Decision } from "@bailiwick/policy";
import type { Inspection } from "./inspection/inspection.ts";
import type { SshGateway } from "./ssh/ssh-gateway.ts";
import type { Caller, GatewayObserver, RequestQuestion, SentRequestFacts } from "./observer.ts";

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

export interface GatewayOptions {
  /** The sockets inside the sandbox. */
  readonly dns: UdpSocket;
  readonly listeners: ReadonlyMap<number, Server>;
  readonly rules: NetworkRules;
  /** Services that are refused whatever the rules say; names, or addresses without brackets. */
  readonly never: readonly HostRule[];
  /**
   * Cedar, within the profile, and whoever it wants asked. Port 0 and no caller while a name is being resolved: is there any port at which it may
   * be reached?
   */
  readonly decide: (host: string, port: number, caller: Caller | undefined) => Decision | Promise<Decision>;
  /** The same for a request of a connection that is looked into. */
  readonly decideRequest: (question: RequestQuestion, sent: SentRequestFacts) => Decision | Promise<Decision>;
  /** Looks into connections to some hosts; undefined where the profile, policies and credentials name none. */
  readonly inspection: Inspection | undefined;
  /** Ends SSH to some hosts; undefined where the profile names none. */
  readonly ssh: SshGateway | undefined;
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
  /** Bytes that connections have sent and received so far, all together, as they went over the wire outside. */
  bytesPassed(): number;
  /** Ends every connection and stops listening; resolves when `closed` was reported for each. */
  close(): Promise<void>;
}
