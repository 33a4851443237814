/** Personal members compared with what the entries commit to. Browser-safe. */
import { isDigestOf } from "../hex.ts";
import { wholePath } from "../private-records.ts";
import type { Event } from "../events.ts";
import type { Primitives } from "./options.ts";
import type { OpenEntry } from "./parse-event.ts";
import type { Problems } from "./problems.ts";
import { RecordingChecker } from "./recording-check.ts";
import type { RecordSource } from "./source.ts";
import { wholesOf } from "./wholes.ts";

interface Missing {
  readonly index: number;
  count: number;
}

/** Whether missing members are a problem shows only at the end: the entry that says they were erased comes after them. */
export class PrivateChecker {
  readonly #source: RecordSource;
  readonly #primitives: Pick<Primitives, "sha256" | "createSha256">;
  readonly #recordings = new RecordingChecker();
  readonly #problems: Problems;
  readonly #missing = new Map<string, Missing>();
  readonly #erased = new Set<string>();
  readonly #wholes = new Map<string, { readonly run: string; readonly digest: string; readonly index: number }>();

  constructor(source: RecordSource, primitives: Pick<Primitives, "sha256" | "createSha256">, problems: Problems) {
    this.#source = source;
    this.#primitives = primitives;
    this.#problems = problems;
  }

  /** Runs whose personal members an entry says were erased. */
  get erased(): readonly string[] {
    return [...this.#erased];
  }

  /** Salt and members when they are the ones that the entry commits to; undefined, and noted, when they are not or are gone. */
  check(index: number, { run, private: digest }: OpenEntry, committed: Uint8Array | undefined): Uint8Array | undefined {
    if (committed === undefined) {
      this.noteMissing(index, run);
      return undefined;
    }
    if (digest === undefined || !isDigestOf(this.#primitives.sha256(committed), digest)) {
      this.#problems.add({ kind: "edit", index, run, detail: "the personal members are not those that were recorded" });
      return undefined;
    }
    return committed;
  }

  /** The personal members of an entry are gone. */
  noteMissing(index: number, run: string): void {
    const missing = this.#missing.get(run);
    if (missing === undefined) this.#missing.set(run, { index, count: 1 });
    else missing.count += 1;
  }

  /** @param event genuine */
  accept(index: number, event: Event): void {
    if (event.type === "run.erased") this.#erased.add(event.run);
    if (event.type === "recording.grown" || event.type === "recording.closed") this.#recordings.accept(index, event);
    const { run } = event;
    for (const digest of wholesOf(event)) this.#wholes.set(`${run} ${digest}`, { run, digest, index });
  }

  async finish(): Promise<void> {
    for (const [run, { index, count }] of this.#missing) {
      if (this.#erased.has(run)) continue;
      const detail = `the personal members of ${String(count)} entries are gone, and no entry says that they were erased`;
      this.#problems.add({ kind: "deletion", index, run, detail });
    }
    await this.#recordings.finish({
      source: this.#source,
      createSha256: this.#primitives.createSha256,
      problems: this.#problems,
      isErased: (run) => this.#erased.has(run),
    });
    for (const { run, digest, index } of this.#wholes.values()) {
      const bytes = await this.#source.read(wholePath(run, digest));
      if (bytes === undefined) {
        if (!this.#erased.has(run))
          this.#problems.add({ kind: "deletion", index, run, detail: `the kept file ${digest} is missing` });
      } else if (!isDigestOf(this.#primitives.sha256(bytes), digest)) {
        this.#problems.add({ kind: "edit", index, run, detail: `the kept file ${digest} has other content` });
      }
    }
  }
}
