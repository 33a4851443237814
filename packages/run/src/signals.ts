import type { Sandbox } from "@bailiwick/sandbox";

/** Time for the command to end by itself after it was told to. */
const GRACE_MS = 5_000;

/**
 * What a signal to Bailiwick means for the run. SIGINT and SIGQUIT are the command's to handle, like at a shell. SIGTERM and
 * SIGHUP end the run, in peace when it goes quickly. SIGUSR2 is `bailiwick kill`: at once.
 */
export class Signals {
  readonly #handlers = new Map<NodeJS.Signals, () => void>();
  readonly #onEnd: () => void;
  #sandbox: Pick<Sandbox, "signal" | "kill"> | undefined;
  #early: NodeJS.Signals | undefined;
  #grace: NodeJS.Timeout | undefined;

  /** @param onEnd the run is being ended from outside; called before anything is done about it, perhaps more than once */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    for (const name of ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) {
      const handler = (): void => {
        this.#take(name);
      };
      this.#handlers.set(name, handler);
      process.on(name, handler);
    }
  }

  /** A signal that came before there was anything to end: then nothing must start. */
  get early(): NodeJS.Signals | undefined {
    return this.#early;
  }

  attach(sandbox: Pick<Sandbox, "signal" | "kill">): void {
    this.#sandbox = sandbox;
  }

  close(): void {
    clearTimeout(this.#grace);
    for (const [name, handler] of this.#handlers) process.off(name, handler);
  }

  #take(name: NodeJS.Signals): void {
    const sandbox = this.#sandbox;
    if (sandbox === undefined) {
      this.#early ??= name;
      return;
    }
    if (name === "SIGUSR2") {
      this.#onEnd();
      sandbox.kill();
      return;
    }
    sandbox.signal(name);
    if (name === "SIGINT" || name === "SIGQUIT") return;
    this.#onEnd();
    this.#grace ??= setTimeout(() => {
      sandbox.kill();
    }, GRACE_MS);
  }
}
