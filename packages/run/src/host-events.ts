import type { GatewayObserver, RequestFacts } from "@bailiwick/egress";
import { recordedDecision } from "./exec-events.ts";
import type { ModelWatch } from "./model-watch.ts";
import type { Recorder } from "./recorder.ts";

/** Hosts that are named in a summary; a run that tries more is told by their number. */
const MOST_HOSTS = 200;
/** Requests that are named in a summary. */
const MOST_REFUSALS = 10;

/** Turns what the gateway saw into events, and keeps what the summary says of it. */
export class HostEvents implements GatewayObserver {
  readonly #recorder: Recorder;
  readonly counts = { connections: 0, hostsRefused: 0, requests: 0, requestsRefused: 0, alarms: 0 };
  /** The first of them, for a summary: `PUT npm.test/x`, and why. */
  readonly refusedRequests: { readonly what: string; readonly reason: string }[] = [];
  /** Each placeholder that was misused, and where: a person is told at once. */
  readonly #sayAlarm: (text: string) => void;
  readonly reached = new Set<string>();
  readonly refusedHosts = new Set<string>();

  readonly #models: ModelWatch;

  constructor(recorder: Recorder, models: ModelWatch, sayAlarm: (text: string) => void) {
    this.#recorder = recorder;
    this.#models = models;
    this.#sayAlarm = sayAlarm;
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

  async requestSent(sent: Parameters<GatewayObserver["requestSent"]>[0]): Promise<boolean> {
    this.counts.requests++;
    const { request, credential } = sent;
    const carried = credential !== undefined && { credential };
    const recorded = this.#recorder.append({ type: "request.sent", request, ...requestMembers(sent), ...carried });
    // A wait for the disk would be felt at each request; what is under way when the disk turns out to be full is kept, and written first.
    return this.#recorder.mode === "writing" ? true : await recorded;
  }

  requestRefused(refused: RequestFacts): void {
    this.counts.requestsRefused++;
    const { method, host, path, decision } = refused;
    if (this.refusedRequests.length < MOST_REFUSALS) {
      this.refusedRequests.push({ what: `${method} ${host}${path}`.trim(), reason: decision.reason });
    }
    this.#recorder.note({ type: "request.refused", ...requestMembers(refused) });
  }

  requestEnded({ request, status, error, at, ...sizes }: Parameters<GatewayObserver["requestEnded"]>[0]): void {
    const answer = { ...(status !== undefined && { status }), ...sizes, ...(error !== undefined && { error }) };
    this.#recorder.note({ type: "request.ended", at, request, ...answer });
  }

  leakFound({ exec, decision, ...leak }: Parameters<GatewayObserver["leakFound"]>[0]): void {
    const { kind, what, host } = leak;
    if (decision.outcome !== "allow") {
      this.counts.alarms++;
      this.#sayAlarm(`refused: ${kind} (${what}) in what was sent to \`${host}\``);
    }
    this.#recorder.note({
      type: "leak.found",
      ...leak,
      ...(exec !== undefined && { exec }),
      decision: recordedDecision(decision),
    });
  }

  credentialMisused({ exec, ...alarm }: Parameters<GatewayObserver["credentialMisused"]>[0]): void {
    this.counts.alarms++;
    const { credential, where, host } = alarm;
    this.#sayAlarm(`alarm: the credential \`${credential}\` was misused (${where}, \`${host}\`)`);
    this.#recorder.note({ type: "credential.misused", ...alarm, ...(exec !== undefined && { exec }) });
  }

  toolCalled(call: Parameters<GatewayObserver["toolCalled"]>[0]): void {
    this.#models.toolCalled(call);
  }

  toolsAnswered(answer: Parameters<GatewayObserver["toolsAnswered"]>[0]): void {
    this.#models.toolsAnswered(answer);
  }

  modelCalled(call: Parameters<GatewayObserver["modelCalled"]>[0]): void {
    this.#models.modelCalled(call);
  }
}

function requestMembers({ connection, host, port, exec, method, path, query, decision, at }: RequestFacts) {
  const named = { host, port, ...(exec !== undefined && { exec }), decision: recordedDecision(decision) };
  return { at, connection, ...named, method, path, query: [...query] };
}

function keep(hosts: Set<string>, host: string, port: number): void {
  if (hosts.size < MOST_HOSTS) hosts.add(port === 0 ? host : `${host}:${String(port)}`);
}
