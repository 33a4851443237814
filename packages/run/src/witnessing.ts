import { setTimeout as pause } from "node:timers/promises";
import { cosignHead, type KnownWitness, type NewEvent, type Witnessed, type WitnessFailure } from "@bailiwick/audit";
import type { Profile } from "@bailiwick/sandbox";
import { RunError } from "./errors.ts";

/** What came of giving the log's head to the witnesses. */
export interface WitnessReport {
  /** Those that have cosigned, with the number of entries that they vouch for. */
  readonly by: readonly { readonly witness: string; readonly size: number }[];
  readonly missing: readonly { readonly witness: string; readonly reason: WitnessFailure }[];
  readonly quorum: number;
  readonly met: boolean;
  /** Whether the profile wants to be told when it is not. */
  readonly required: boolean;
}

export interface WitnessingOptions {
  /** Of the record. */
  readonly directory: string;
  readonly witnesses: readonly KnownWitness[];
  readonly record: Profile["record"];
  /** Records what came of it. Resolves when that is durable, or can't be. */
  readonly append: (event: NewEvent) => Promise<unknown>;
  /** For the person, at once: the log is not what a witness remembers. */
  readonly say: (text: string) => void;
  readonly now: () => number;
  /** For tests: milliseconds between two times during a run, and those that a required witness is given. */
  readonly everyMs?: number;
  readonly requiredMs?: number;
}

/** A witness that is required is given so long; longer than any that works takes, shorter than a person's patience. */
const REQUIRED_MS = 5_000;
/** One that is not: nobody should notice that it is down. */
const OPTIONAL_MS = 150;
/** Between two times during a run. */
const EVERY_MS = 10_000;

/**
 * Gives the head of the log to the witnesses of a run: at its start, now and then while it goes on, and at its end. Only where the
 * profile requires it does anything wait for that; an exec never does.
 */
export class Witnessing {
  readonly #options: WitnessingOptions;
  readonly #told = new Set<string>();
  /** Why the others did not, the last time they were asked. */
  readonly #failures = new Map<string, WitnessFailure>();
  /** Witnesses that cosigned the last time. */
  readonly #present = new Set<string>();
  #waited = false;
  #timer: NodeJS.Timeout | undefined;
  #underway: Promise<unknown> = Promise.resolve();
  #grown = false;
  readonly #requiredMs: number;

  constructor(options: WitnessingOptions) {
    this.#options = options;
    this.#requiredMs = options.requiredMs ?? REQUIRED_MS;
  }

  /** An event is on its way to the log. */
  noteGrowth(): void {
    this.#grown = true;
  }

  /** @returns with what came of it, where the profile requires that to be known before anything runs */
  async atStart(): Promise<WitnessReport | undefined> {
    const required = this.#options.record.require === "start";
    const asked = this.#ask(this.#options.witnesses, this.#requiredMs);
    this.#underway = asked;
    this.#timer = setInterval(() => {
      if (!this.#grown) return;
      this.#grown = false;
      this.#underway = this.#underway.then(() => this.#ask(this.#options.witnesses, this.#requiredMs));
    }, this.#options.everyMs ?? EVERY_MS).unref();
    if (!required) return undefined;
    const report = this.#reportOf(await asked);
    await this.#record("start", report);
    return report;
  }

  /** Before the run's last entry: what is recorded of the witnesses. */
  async beforeEnd(): Promise<void> {
    await this.#record("end", await this.#settle());
  }

  /** After the run's last entry. */
  async atEnd(): Promise<WitnessReport> {
    return await this.#settle();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** The end waits once for those that may be down; afterwards only for those that were there. */
  async #settle(): Promise<WitnessReport> {
    this.close();
    const { witnesses, record } = this.#options;
    const required = record.require !== "never";
    const first = !this.#waited;
    this.#waited = true;
    if (first && required) return this.#reportOf(await this.#ask(witnesses, this.#requiredMs));
    if (first) await Promise.race([this.#underway, pause(OPTIONAL_MS, undefined, { ref: false })]);
    const present = witnesses.filter(({ name }) => this.#present.has(name));
    return this.#reportOf(await this.#ask(present, required ? this.#requiredMs : OPTIONAL_MS));
  }

  async #ask(witnesses: readonly KnownWitness[], timeoutMs: number): Promise<readonly Witnessed[]> {
    const signal = AbortSignal.timeout(timeoutMs);
    const { directory } = this.#options;
    const results = await Promise.all(witnesses.map((witness) => askOne(directory, witness, signal)));
    for (const result of results) {
      if ("head" in result) {
        this.#present.add(result.witness);
        this.#failures.delete(result.witness);
      } else {
        this.#present.delete(result.witness);
        this.#failures.set(result.witness, result.failure);
        this.#tell(result.witness, result.failure);
      }
    }
    return results;
  }

  /** What a witness says of the log is never kept back; that it is down is. */
  #tell(witness: string, failure: WitnessFailure): void {
    if ((failure !== "rolled-back" && failure !== "forked") || this.#told.has(witness)) return;
    this.#told.add(witness);
    const what =
      failure === "rolled-back"
        ? "remembers more of the record than there is: an older state of it was put back"
        : "remembers another record than this one: it was rewritten";
    this.#options.say(`the witness \`${witness}\` ${what}; keep the state directory as evidence`);
  }

  #reportOf(results: readonly Witnessed[]): WitnessReport {
    const { witnesses, record } = this.#options;
    const by = results.flatMap((result) =>
      "head" in result ? [{ witness: result.witness, size: result.head.size }] : [],
    );
    const missing = witnesses
      .filter(({ name }) => !by.some(({ witness }) => witness === name))
      .map(({ name }) => ({ witness: name, reason: this.#failures.get(name) ?? "no answer in time" }));
    return {
      by,
      missing,
      quorum: record.quorum,
      met: by.length >= record.quorum,
      required: record.require !== "never",
    };
  }

  async #record(when: "start" | "end", { by, missing, quorum, met }: WitnessReport): Promise<void> {
    const { append, now } = this.#options;
    await append({
      type: "record.witnessed",
      at: now(),
      when,
      by: by.map(({ witness, size }) => ({ witness, size })),
      missing: missing.map(({ witness, reason }) => ({ witness, reason })),
      quorum,
      met,
    });
  }
}

/** A failure after a witness's name: "`w` is unreachable". */
export function failureText(failure: WitnessFailure): string {
  switch (failure) {
    case "rolled-back":
      return "remembers more of the record than there is";
    case "forked":
      return "remembers another record than this one";
    case "log damaged":
      return "was not asked: the record is damaged";
    case "unreachable":
      return "is unreachable";
    case "no answer in time":
      return "gave no answer in time";
    case "does not know the log":
    case "does not trust the log's key":
    case "answered wrongly":
      return failure;
  }
}

/** A disk that fails is the record's concern, which will find out; here it is a witness that could not be had. */
async function askOne(directory: string, witness: KnownWitness, signal: AbortSignal): Promise<Witnessed> {
  try {
    return await cosignHead(directory, witness, signal);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { witness: witness.name, failure: "unreachable" };
  }
}

/** The start of a run whose witnesses are required, and were not reached. */
export function notWitnessed({ by, missing, quorum }: WitnessReport): RunError {
  const reasons = missing.map(({ witness, reason }) => `\`${witness}\` ${failureText(reason)}`).join(", ");
  const had = `${String(by.length)} of the ${String(quorum)} that are needed`;
  return new RunError("RUN_NOT_WITNESSED", `the start of the run could not be witnessed (${had}): ${reasons}`, {
    remedy: "nothing was run; see that the witnesses are reachable and know this log (`bailiwick audit key`)",
  });
}
