import type { ModelAnswer } from "./model-call.ts";

interface Draft {
  id: string;
  name: string;
  readonly parts: string[];
}

/** Calls of which a stream brings the input in pieces. What is told of no call that began is left out. */
export class CallDrafts {
  readonly #answer: ModelAnswer;
  readonly #drafts = new Map<string, Draft>();

  constructor(answer: ModelAnswer) {
    this.#answer = answer;
  }

  /** Begins a call, or adds what was not known of it. */
  start(key: string, { id, name }: { readonly id: string; readonly name: string }): void {
    const draft = this.#drafts.get(key);
    if (draft === undefined) this.#drafts.set(key, { id, name, parts: [] });
    else {
      draft.id ||= id;
      draft.name ||= name;
    }
  }

  add(key: string, part: string | undefined): void {
    if (part !== undefined) this.#drafts.get(key)?.parts.push(part);
  }

  complete(key: string): void {
    const draft = this.#drafts.get(key);
    if (draft === undefined) return;
    this.#drafts.delete(key);
    this.#answer.called({ id: draft.id, name: draft.name, input: draft.parts.join("") || "{}" });
  }

  completeAll(): void {
    for (const key of [...this.#drafts.keys()]) this.complete(key);
  }
}
