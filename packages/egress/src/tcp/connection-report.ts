import type { Decision } from "@bailiwick/policy";
import { profileDecision, type Refusal } from "../refusals.ts";
import type { Reports } from "../reports.ts";
import type { GatewayObserver } from "../observer.ts";

export interface ReportContext {
  readonly reports: Reports;
  readonly observer: GatewayObserver;
  readonly profileDigest: string;
  readonly nextId: () => number;
}

/** A connection that was permitted. */
export interface Permitted {
  readonly host: string;
  readonly port: number;
  readonly decision: Decision;
  readonly owner: Promise<number | undefined>;
}

/** Tells the observer of one permitted connection, in order: opened, refused while it was inspected, closed. */
export class ConnectionReport {
  readonly #context: ReportContext;
  readonly #what: Permitted;
  readonly #id: number;
  readonly #start = performance.now();
  #last: Promise<void> = Promise.resolve();

  constructor(context: ReportContext, what: Permitted) {
    this.#context = context;
    this.#what = what;
    this.#id = context.nextId();
  }

  get id(): number {
    return this.#id;
  }

  /** Rejects when the observer fails; so does everything after it. */
  async opened(address: string): Promise<void> {
    const { host, port, decision, owner } = this.#what;
    const at = Date.now();
    this.#last = owner.then((exec) => {
      this.#context.observer.opened({ id: this.#id, host, port, address, exec, decision, at });
    });
    await this.#last;
  }

  async refused(refusal: Refusal): Promise<void> {
    const { host, port, owner } = this.#what;
    await this.#last;
    const decision = profileDecision(refusal, this.#context.profileDigest);
    this.#context.reports.refused(host, port, await owner, decision);
  }

  /** A placeholder turned up; a failing observer is noticed by the refusal that follows. */
  misused(credential: string, where: string): void {
    const { host, port, owner } = this.#what;
    const at = Date.now();
    this.#last = Promise.all([owner, this.#last]).then(([exec]) => {
      this.#context.observer.credentialMisused({ credential, connection: this.#id, host, port, exec, where, at });
    });
    this.#last.catch(() => undefined);
  }

  async closed(bytesSent: number, bytesReceived: number, error: string | undefined): Promise<void> {
    const at = Date.now();
    const wallMs = performance.now() - this.#start;
    await this.#last;
    this.#context.observer.closed({ id: this.#id, bytesSent, bytesReceived, wallMs, error, at });
  }
}
