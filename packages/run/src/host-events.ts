import type { GatewayObserver } from "@bailiwick/egress";
import { recordedDecision } from "./exec-events.ts";
import type { Recorder } from "./recorder.ts";

/** Hosts that are named in a summary; a run that tries more is told by their number. */
const MOST_HOSTS = 200;

/** Turns what the gateway saw into events, and keeps what the summary says of it. */
export class HostEvents implements GatewayObserver {
  readonly #recorder: Recorder;
  readonly counts = { connections: 0, hostsRefused: 0 };
  readonly reached = new Set<string>();
  readonly refusedHosts = new Set<string>();

  constructor(recorder: Recorder) {
    this.#recorder = recorder;
  }

  refused({ host, port, exec, decision, at }: Parameters<GatewayObserver["refused"]>[0]): void {
    this.counts.hostsRefused++;
    keep(this.refusedHosts, host, port);
    const named = { host, port, ...(exec !== undefined && { exec }), decision: recordedDecision(decision) };
    this.#recorder.note({ type: "host.refused", at, ...named });
  }

  opened({ id, host, port, address, exec, decision, at }: Parameters<GatewayObserver["opened"]>[0]): void {
    this.counts.connections++;
    keep(this.reached, host, port);
    const named = { host, port, ...(exec !== undefined && { exec }), decision: recordedDecision(decision) };
    this.#recorder.note({ type: "connection.opened", at, connection: id, ...named, address });
  }

  closed({ id, bytesSent, bytesReceived, wallMs, error, at }: Parameters<GatewayObserver["closed"]>[0]): void {
    const sizes = { bytesSent, bytesReceived, wallMs, ...(error !== undefined && { error }) };
    this.#recorder.note({ type: "connection.closed", at, connection: id, ...sizes });
  }
}

function keep(hosts: Set<string>, host: string, port: number): void {
  if (hosts.size < MOST_HOSTS) hosts.add(port === 0 ? host : `${host}:${String(port)}`);
}
