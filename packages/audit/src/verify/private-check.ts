/** Personal members compared with what the entries commit to. Browser-safe. */
import { wholePath } from "../private-records.ts";
import type { Sha256 } from "../merkle.ts";
import type { Event } from "../events.ts";
import type { OpenEntry } from "./parse-event.ts";
import type { Problems } from "./problems.ts";
import type { RecordSource } from "./source.ts";

interface Missing {
  readonly index: number;
  count: number;
}

/** Whether missing members are a problem shows only at the end: the entry that says they were erased comes after them. */
export class PrivateChecker {
  readonly #source: RecordSource;
  readonly #sha256: Sha256;
  readonly #problems: Problems;
  readonly #missing = new Map<string, Missing>();
  readonly #erased = new Set<string>();
  readonly #wholes = new Map<string, { readonly run: string; readonly digest: string; readonly index: number }>();

  constructor(source: RecordSource, sha256: Sha256, problems: Problems) {
    this.#source = source;
    this.#sha256 = sha256;
    this.#problems = problems;
  }

  /** Runs whose personal members an entry says were erased. */
  get erased(): readonly string[] {
    return [...this.#erased];
  }

  /** Salt and members when they are the ones that the entry commits to; undefined, and noted, when they are not or are gone. */
  check(index: number, { run, private: digest }: OpenEntry, committed: Uint8Array | undefined): Uint8Array | undefined {
    if (committed !== undefined && `sha256:${toHex(this.#sha256(committed))}` === digest) return committed;
    if (committed !== undefined) {
      this.#problems.add({ kind: "edit", index, run, detail: "the personal members are not those that were recorded" });
      return undefined;
    }
    const missing = this.#missing.get(run);
    if (missing === undefined) this.#missing.set(run, { index, count: 1 });
    else missing.count += 1;
    return undefined;
  }

  /** @param event genuine */
  accept(index: number, event: Event): void {
    if (event.type === "run.erased") this.#erased.add(event.run);
    const { run } = event;
    for (const digest of wholesOf(event)) this.#wholes.set(`${run} ${digest}`, { run, digest, index });
  }

  async finish(): Promise<void> {
    for (const [run, { index, count }] of this.#missing) {
      if (this.#erased.has(run)) continue;
      const detail = `the personal members of ${String(count)} entries are gone, and no entry says that they were erased`;
      this.#problems.add({ kind: "deletion", index, run, detail });
    }
    for (const { run, digest, index } of this.#wholes.values()) {
      const bytes = await this.#source.read(wholePath(run, digest));
      if (bytes === undefined) {
        if (!this.#erased.has(run))
          this.#problems.add({ kind: "deletion", index, run, detail: `the kept file ${digest} is missing` });
      } else if (`sha256:${toHex(this.#sha256(bytes))}` !== digest) {
        this.#problems.add({ kind: "edit", index, run, detail: `the kept file ${digest} has other content` });
      }
    }
  }
}

/** Digests of the files that hold what was too long for an event. */
export function wholesOf(event: Event): string[] {
  const digests = [
    event.whole,
    "argv" in event ? event.argv.whole : undefined,
    "command" in event ? event.command.whole : undefined,
  ];
  return digests.filter((digest) => digest !== undefined);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += HEX[byte] ?? "";
  return hex;
}
