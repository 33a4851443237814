import type { Decision, LeakFacts } from "@bailiwick/policy";

/** Something in a request that should perhaps not leave. */
export interface FoundLeak {
  readonly kind: "secret" | "masked" | "code" | "unreadable";
  /** What it is more closely: `github`, `.env`. */
  readonly what: string;
  /** What of it may be shown; "" for nothing. */
  readonly sample: string;
}

/** Looks at what a run sends. */
export interface LeakLook {
  /** The host is a model's. */
  isModel(host: string): boolean;
  /** In a request without its body: its target, and headers that hold no login. */
  request(host: string, target: string, headers: readonly string[]): Promise<readonly FoundLeak[]>;
  /** @param codings content codings, in lower case, in the order in which they were applied */
  body(host: string, codings: readonly string[]): Promise<LeakBody>;
}

/** One body, in the pieces in which it comes. */
export interface LeakBody {
  /** What was found since the last call; at once where nothing has to be decoded. */
  take(bytes: Uint8Array): readonly FoundLeak[] | Promise<readonly FoundLeak[]>;
  finish(): Promise<readonly FoundLeak[]>;
  close(): void;
}

/** As policies see it. */
export function leakFacts(leaks: Iterable<FoundLeak>, toModel: boolean): LeakFacts {
  const kinds = new Set<string>();
  for (const { kind, what } of leaks) kinds.add(kind).add(what);
  return { kinds: [...kinds].sort(), toModel };
}

/** Why no more of a body may go on; undefined: it may. */
type Verdict = Decision | undefined;

/** Looks at a body as it passes: the piece in which something is found waits for the decision about it. */
export class BodyLook {
  readonly #opening: Promise<LeakBody>;
  readonly #judge: (found: readonly FoundLeak[]) => Promise<Verdict>;
  readonly #failed: (error: unknown) => Decision;
  #body: LeakBody | undefined;

  /** @param failed what cannot be looked at does not go on: the decision that says so */
  constructor(
    opening: Promise<LeakBody>,
    {
      judge,
      failed,
    }: { judge: (found: readonly FoundLeak[]) => Promise<Verdict>; failed: (error: unknown) => Decision },
  ) {
    this.#opening = opening;
    this.#opening.catch(() => undefined); // told by whatever is taken
    this.#judge = judge;
    this.#failed = failed;
  }

  /** Never rejects and never throws. */
  take(bytes: Uint8Array): Verdict | Promise<Verdict> {
    try {
      const verdict = this.#body === undefined ? this.#takeFirst(bytes) : this.#look(this.#body.take(bytes));
      return verdict instanceof Promise ? verdict.catch(this.#failed) : verdict;
    } catch (error) {
      return this.#failed(error);
    }
  }

  /** Never rejects. */
  async finish(): Promise<Verdict> {
    try {
      return await this.#look(await (await this.#open()).finish());
    } catch (error) {
      return this.#failed(error);
    }
  }

  async #takeFirst(bytes: Uint8Array): Promise<Verdict> {
    return await this.#look((await this.#open()).take(bytes));
  }

  close(): void {
    this.#body?.close();
  }

  async #open(): Promise<LeakBody> {
    this.#body ??= await this.#opening;
    return this.#body;
  }

  #look(found: readonly FoundLeak[] | Promise<readonly FoundLeak[]>): Verdict | Promise<Verdict> {
    if (found instanceof Promise) return found.then((leaks) => this.#look(leaks));
    return found.length === 0 ? undefined : this.#judge(found);
  }
}
