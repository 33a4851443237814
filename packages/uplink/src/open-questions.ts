/** What a run itself keeps of its questions: nothing that speaks to a server, which its own thread does not load. */
import { randomBytes } from "node:crypto";
import type { Ask, GivenAnswer } from "@bailiwick/control-plane/contract";

/** What is asked, before it has a name and a run. */
export type NewQuestion = Omit<Ask, "id" | "run" | "agent" | "project" | "labels">;

/** People type it on a command line, where a dash at its beginning would make it an option. */
export function makeQuestionId(): string {
  return randomBytes(16).toString("base64url").replace(/^-/, "_");
}

/** Questions that are open, and who waits for their answers. */
export class OpenQuestions {
  readonly #waiting = new Map<
    string,
    { readonly bound: string; readonly settle: (given: GivenAnswer | undefined) => void }
  >();

  open(id: string, bound: string): Promise<GivenAnswer | undefined> {
    return new Promise((settle) => {
      this.#waiting.set(id, { bound, settle });
    });
  }

  /** An answer that is bound to something else than was asked is none. */
  answer(given: GivenAnswer): void {
    if (this.#waiting.get(given.question)?.bound === given.bound) this.close(given.question, given);
  }

  close(id: string, given?: GivenAnswer): void {
    this.#waiting.get(id)?.settle(given);
    this.#waiting.delete(id);
  }
}
