/** Somebody who watches everything: how late each event was seen, and whether one was missing or came twice. */
import { setTimeout as pause } from "node:timers/promises";
import { ServerError, type Client } from "../../packages/control-plane/contract/index.ts";
import type { HostReport } from "./fleet.ts";
import { TICK_MS } from "./simulated-host.ts";

export interface Watched {
  /** Milliseconds from when a host had an event to when it was seen, ascending; of those of the window, and of all. */
  readonly delays: readonly number[];
  readonly allDelays: readonly number[];
  /** Events seen in the window, whenever their hosts had them. */
  readonly seen: number;
  /** How often a place of the order of arrival, or of a host's record, came twice or not at all. */
  readonly wrong: number;
}

/** What is measured, in milliseconds after all of it began. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

export class Watcher {
  readonly #client: Client;
  readonly #hosts = new Map<string, { readonly dueAt: readonly number[]; next: number }>();
  readonly #window: Window;
  readonly #delays: number[] = [];
  readonly #allDelays: number[] = [];
  readonly #expected: number;
  #last: number | undefined;
  #events = 0;
  #seen = 0;
  #wrong = 0;
  #startAt = 0;

  constructor(client: Client, hosts: readonly HostReport[], window: Window) {
    this.#client = client;
    this.#window = window;
    this.#expected = hosts.reduce((sum, { size }) => sum + size, 0);
    for (const { id, beginsMs, sizes } of hosts) {
      // A tick's events are there when it is over.
      const dueAt: number[] = [];
      for (const [tick, size] of sizes.entries()) {
        while (dueAt.length < size) dueAt.push(beginsMs + (tick + 1) * TICK_MS);
      }
      this.#hosts.set(id, { dueAt, next: 0 });
    }
  }

  /** Until all was seen, over lost connections; at the latest at `stopAt`. */
  async watch(startAt: number, stopAt: number): Promise<Watched> {
    this.#startAt = startAt;
    while (this.#events < this.#expected && Date.now() < stopAt) {
      try {
        await this.#follow(stopAt);
      } catch (error) {
        // Cut off, as is meant to happen; anything else is not.
        if (!(error instanceof Error) || (error instanceof ServerError && error.code === "SERVER_FORBIDDEN"))
          throw error;
      }
      if (this.#events < this.#expected) await pause(100);
    }
    return {
      delays: this.#delays.sort((a, b) => a - b),
      allDelays: this.#allDelays.sort((a, b) => a - b),
      seen: this.#seen,
      wrong: this.#wrong + Math.abs(this.#expected - this.#events),
    };
  }

  async #follow(stopAt: number): Promise<void> {
    const headers: Record<string, string> = this.#last === undefined ? {} : { "last-event-id": String(this.#last) };
    const signal = AbortSignal.timeout(Math.max(1, stopAt - Date.now()));
    const { body } = await this.#client.open("watchRuns", {}, { headers, signal });
    let rest: Uint8Array = new Uint8Array(0);
    for await (const chunk of body ?? []) {
      rest = this.#take(Buffer.concat([rest, chunk]), Date.now());
      if (this.#events >= this.#expected) return;
    }
  }

  /** Only the head of each frame is looked at: who watches shares the machine. @returns what is no whole frame yet */
  #take(bytes: Buffer, now: number): Uint8Array {
    let from = 0;
    for (let end = bytes.indexOf("\n\n"); end >= 0; end = bytes.indexOf("\n\n", from)) {
      const head = bytes.toString("latin1", from, Math.min(end, from + 200));
      const [, seq, host = "", index] =
        /^id: ([0-9]+)\ndata: \{"seq":[0-9]+,"host":"([^"]+)","index":([0-9]+)/.exec(head) ?? [];
      if (seq !== undefined) this.#see(Number(seq), host, Number(index), now);
      from = end + 2;
    }
    return bytes.subarray(from);
  }

  #see(seq: number, id: string, index: number, now: number): void {
    if (this.#last !== undefined && seq !== this.#last + 1) this.#wrong += 1;
    this.#last = seq;
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    if (index !== host.next) this.#wrong += 1;
    host.next = index + 1;
    this.#events += 1;
    const [dueAt, seenAt] = [host.dueAt[index] ?? 0, now - this.#startAt];
    const { fromMs, toMs } = this.#window;
    this.#allDelays.push(seenAt - dueAt);
    if (dueAt >= fromMs && dueAt < toMs) this.#delays.push(seenAt - dueAt);
    if (seenAt >= fromMs && seenAt < toMs) this.#seen += 1;
  }
}
