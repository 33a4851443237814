/**
 * Ends a run that has not heard from its server for as long as the server said. Counted by a clock that nobody sets and that stands still while
 * the machine sleeps: waking up gives the run as long again.
 */
export class Lease {
  readonly #onOver: (leaseS: number) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onOver: (leaseS: number) => void) {
    this.#onOver = onOver;
  }

  /** @param leaseS undefined: runs go on without the server */
  renew(leaseS: number | undefined): void {
    clearTimeout(this.#timer);
    if (leaseS === undefined) return;
    this.#timer = setTimeout(() => {
      this.#onOver(leaseS);
    }, leaseS * 1000);
    this.#timer.unref();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
