/** Recordings of terminals compared with what events say of them. Browser-safe. */
import type { EventOf } from "../events.ts";
import { equalBytes } from "../merkle.ts";
import { recordingPath } from "../private-records.ts";
import type { Problem, Problems } from "./problems.ts";
import type { RecordSource } from "./source.ts";

/** SHA-256 of bytes that come in parts. */
export interface Sha256Stream {
  update(bytes: Uint8Array): void;
  /** Of all so far; more may follow. */
  digest(): Uint8Array;
}

/** An event that says what a recording begins with. */
interface Claim {
  readonly index: number;
  readonly bytes: number;
  readonly digest: string;
  /** There is nothing behind it. */
  readonly isWhole: boolean;
}

const PART_BYTES = 1 << 20;

export class RecordingChecker {
  readonly #claims = new Map<string, Claim[]>();

  /** @param event genuine */
  accept(index: number, event: EventOf<"recording.grown"> | EventOf<"recording.closed">): void {
    const { run, bytes, digest } = event;
    if (bytes === undefined || digest === undefined) return;
    const claims = this.#claims.get(run) ?? [];
    claims.push({ index, bytes, digest, isWhole: event.type === "recording.closed" });
    this.#claims.set(run, claims);
  }

  /** Reads the recordings of all runs of which claims were accepted, but those that were erased. */
  async finish(parts: {
    readonly source: RecordSource;
    readonly createSha256: () => Sha256Stream;
    readonly problems: Problems;
    readonly isErased: (run: string) => boolean;
  }): Promise<void> {
    for (const [run, claims] of this.#claims) {
      if (parts.isErased(run)) continue;
      const problem = await findProblem(new Reading(parts.source, recordingPath(run), parts.createSha256()), claims);
      if (problem !== undefined) parts.problems.add({ ...problem, run });
    }
  }
}

async function findProblem(reading: Reading, claims: readonly Claim[]): Promise<Problem | undefined> {
  for (const { index, bytes, digest, isWhole } of claims) {
    const has = await reading.readTo(bytes);
    if (!has) return { kind: "deletion", index, detail: "the recording of the terminal is missing, or its end is" };
    if (!equalBytes(reading.digest(), bytesOf(digest)) || (isWhole && (await reading.goesOn()))) {
      return { kind: "edit", index, detail: "the recording of the terminal is not what was recorded" };
    }
  }
  return undefined;
}

/** One file, from its beginning to its end. */
class Reading {
  readonly #source: RecordSource;
  readonly #path: string;
  readonly #hash: Sha256Stream;
  #at = 0;

  constructor(source: RecordSource, path: string, hash: Sha256Stream) {
    this.#source = source;
    this.#path = path;
    this.#hash = hash;
  }

  /** False: the file is shorter. */
  async readTo(end: number): Promise<boolean> {
    while (this.#at < end) {
      const part = await this.#read(Math.min(end, this.#at + PART_BYTES));
      if (part.length === 0) return false;
      this.#hash.update(part);
      this.#at += part.length;
    }
    return true;
  }

  async goesOn(): Promise<boolean> {
    return (await this.#read(this.#at + 1)).length > 0;
  }

  digest(): Uint8Array {
    return this.#hash.digest();
  }

  async #read(end: number): Promise<Uint8Array> {
    if (this.#source.readPart !== undefined) {
      return (await this.#source.readPart(this.#path, this.#at, end)) ?? new Uint8Array(0);
    }
    const whole = await this.#source.read(this.#path);
    return whole?.subarray(this.#at, end) ?? new Uint8Array(0);
  }
}

function bytesOf(digest: string): Uint8Array {
  const hex = digest.slice("sha256:".length);
  return Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  );
}
