import type { NewEvent } from "@bailiwick/audit";

/** More calls than an agent runs at one time. */
const MOST = 1_024;

/** Which calls of tools failed, by the process that ran for them: its exit, or its refusal. What goes on as another program goes on. */
export class CallOutcomes {
  readonly #onOutcome: (call: number, failed: boolean) => void;
  /** Calls whose process was seen: what that starts is its own affair. */
  readonly #begun = new Set<number>();
  /** Calls by the exec that their process is. */
  readonly #running = new Map<number, number>();

  constructor(onOutcome: (call: number, failed: boolean) => void) {
    this.#onOutcome = onOutcome;
  }

  note(event: NewEvent): void {
    if (event.type === "exec.ended") this.#end(event);
    if ((event.type !== "exec.allowed" && event.type !== "exec.refused") || event.origin?.kind !== "call") return;
    const { call } = event.origin;
    if (this.#begun.has(call)) return;
    if (event.type === "exec.refused") {
      this.#onOutcome(call, true);
      return;
    }
    this.#begun.add(call);
    const [oldest] = this.#begun;
    if (this.#begun.size > MOST && oldest !== undefined) this.#begun.delete(oldest);
    this.#running.set(event.exec, call);
  }

  #end({ exec, replacedBy, status }: Extract<NewEvent, { type: "exec.ended" }>): void {
    const call = this.#running.get(exec);
    if (call === undefined) return;
    this.#running.delete(exec);
    if (replacedBy !== undefined) this.#running.set(replacedBy, call);
    else this.#onOutcome(call, status !== 0);
  }
}
