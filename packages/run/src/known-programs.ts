import { createHash } from "node:crypto";
import type { NewEvent } from "@bailiwick/audit";

/** More execs than talk to hosts at one time. */
const MOST = 4_096;
/** Of a command, in UTF-16 units: a person reads no more of it, and more is told by its digest. */
const MOST_CHARACTERS = 4_096;

/** An exec as people are told who connected. */
export interface KnownProgram {
  readonly path: string;
  readonly pid: number;
  /** What is too long ends in the digest of all of it. */
  readonly argv: readonly string[];
  readonly cwd: string;
}

/** Which program an exec is, for policies about requests and for questions. Only the newest are remembered; of others the program is not known. */
export class KnownPrograms {
  readonly #programs = new Map<number, KnownProgram>();

  note(event: NewEvent): void {
    if (event.type !== "exec.allowed") return;
    const { exec, program, pid, argv, cwd } = event;
    this.#programs.set(exec, { path: program.path, pid, argv: shorten(argv.values), cwd });
    for (const oldest of this.#programs.keys()) {
      if (this.#programs.size <= MOST) break;
      this.#programs.delete(oldest);
    }
  }

  of(exec: number | undefined): KnownProgram | undefined {
    return exec === undefined ? undefined : this.#programs.get(exec);
  }
}

function shorten(argv: readonly string[]): readonly string[] {
  let left = MOST_CHARACTERS;
  const kept: string[] = [];
  for (const word of argv) {
    if (word.length > left) {
      const digest = createHash("sha256").update(JSON.stringify(argv)).digest("hex");
      return [...kept, `${word.slice(0, left)}…`, `(sha256:${digest})`];
    }
    kept.push(word);
    left -= word.length;
  }
  return kept;
}
