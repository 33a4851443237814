import type { KnownValue, SecretFinder } from "@bailiwick/secrets";
import { BodyScanner } from "./body-scanner.ts";
import type { CodeIndex } from "./code-index.ts";
import { Destination } from "./destination.ts";
import { TextScanner, type Leak } from "./text-scanner.ts";

export interface LeakWatchOptions {
  readonly finder: SecretFinder;
  /** What stands in files and variables that the run must not read. */
  readonly values: readonly KnownValue[];
  /** Reads the workspace's code: asked once, when something is sent to a host that not all of it may go to, which waits for it. */
  readonly code: () => Promise<CodeIndex>;
  /** Characters of code that may go to a host; undefined: as many as there are. */
  readonly budgetOf: (host: string) => number | undefined;
}

/** Hosts that are told apart. */
const MOST_HOSTS = 4_096;

/** Watches what one run sends, by destination. */
export class LeakWatch {
  readonly #texts: TextScanner;
  readonly #readCode: LeakWatchOptions["code"];
  #code: Promise<CodeIndex> | undefined;
  readonly #budgetOf: LeakWatchOptions["budgetOf"];
  readonly #destinations = new Map<string, Destination>();

  constructor({ finder, values, code, budgetOf }: LeakWatchOptions) {
    this.#texts = new TextScanner(finder, values);
    this.#readCode = code;
    this.#budgetOf = budgetOf;
  }

  /** A piece of what is sent besides a body: a path, a query, a header, a name that is looked up. */
  scan(text: string): readonly Leak[] {
    return this.#texts.scan(Buffer.from(text, "utf8"));
  }

  /** As {@link scan}, of small pieces that could be parts of one: together with those that the host was sent before. */
  async join(host: string, piece: string): Promise<readonly Leak[]> {
    return (await this.#destinationOf(host)).join(Buffer.from(piece, "utf8"), this.#texts);
  }

  /** @param codings content codings of the body, in lower case, in the order in which they were applied */
  async body(host: string, codings: readonly string[]): Promise<BodyScanner> {
    return new BodyScanner({ texts: this.#texts, destination: await this.#destinationOf(host), codings });
  }

  async #destinationOf(host: string): Promise<Destination> {
    const known = this.#destinations.get(host);
    if (known !== undefined) return known;
    if (this.#destinations.size >= MOST_HOSTS) this.#destinations.clear();
    const budget = this.#budgetOf(host);
    if (budget !== undefined) this.#code ??= this.#readCode();
    const code = budget === undefined ? undefined : await this.#code;
    const made = this.#destinations.get(host) ?? new Destination(code, budget);
    this.#destinations.set(host, made);
    return made;
  }
}
