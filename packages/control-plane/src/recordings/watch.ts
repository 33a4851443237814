import type { Store } from "../store/open-store.ts";
import { topicOf, type RecordingKey } from "./pieces.ts";

/** Wakes whoever follows a recording when there is more of it, whichever instance took it. */
export class RecordingWatch {
  readonly #store: Store;
  readonly #waiting = new Map<string, Set<() => void>>();
  #stop: (() => Promise<void>) | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  async start(): Promise<void> {
    this.#stop = await this.#store.onRecording((about) => {
      if (about !== "") this.#wake(about);
      else for (const topic of [...this.#waiting.keys()]) this.#wake(topic);
    });
  }

  async close(): Promise<void> {
    await this.#stop?.();
  }

  /** From now on; what changed resolves when something has, or the time is over. Call before looking, so that nothing is slept through. */
  changeOf(key: RecordingKey): { within(ms: number, signal: AbortSignal): Promise<void>; forget(): void } {
    const topic = topicOf(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(topic) ?? new Set();
    this.#waiting.set(topic, waiting.add(resolve));
    return {
      async within(ms, signal) {
        const wake = (): void => {
          resolve();
        };
        const timer = setTimeout(wake, ms);
        signal.addEventListener("abort", wake);
        if (signal.aborted) wake();
        await promise;
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
      },
      forget: () => {
        waiting.delete(resolve);
        if (waiting.size === 0 && this.#waiting.get(topic) === waiting) this.#waiting.delete(topic);
      },
    };
  }

  #wake(topic: string): void {
    for (const resolve of this.#waiting.get(topic) ?? []) resolve();
  }
}
