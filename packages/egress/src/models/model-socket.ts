import type { FramePiece } from "../http/websocket-frames.ts";
import type { ModelTap } from "./model-tap.ts";

/** The longest message of a model that is held. */
const MOST_BYTES = 8 << 20;

/**
 * A model that is spoken to over a WebSocket: each message with a request is a call of its own, and the messages that come back until the model says
 * that its answer is over are its events. One is answered after the other.
 * @see https://platform.openai.com/docs/guides/websocket-mode
 */
export class ModelSocket {
  readonly #open: (earlierPrompt: string) => ModelTap;
  readonly #end: (ending: Promise<void>) => void;
  /** Takes the message that the client is sending. */
  #sending: ModelTap | undefined;
  /** The request that is being answered. */
  #current: ModelTap | undefined;
  #prompt = "";
  #event: Buffer[] = [];
  #eventBytes = 0;
  #wasAsked = false;

  constructor(open: (earlierPrompt: string) => ModelTap, end: (ending: Promise<void>) => void) {
    this.#open = open;
    this.#end = end;
  }

  /** Whether a model was asked anything that could be read. */
  get wasAsked(): boolean {
    return this.#wasAsked;
  }

  sent({ kind, bytes, isEnd }: FramePiece): void {
    if (kind !== "text") return;
    this.#sending ??= this.#open(this.#prompt);
    this.#sending.sent(bytes);
    if (!isEnd) return;
    const tap = this.#sending;
    this.#sending = undefined;
    // Its answer can't be here before it has left, which is after this turn.
    setImmediate(() => void this.#begin(tap));
  }

  received({ kind, bytes, isEnd }: FramePiece): void {
    if (kind !== "text" || this.#current === undefined) return;
    this.#eventBytes += bytes.length;
    if (this.#eventBytes <= MOST_BYTES) this.#event.push(bytes);
    if (!isEnd) return;
    // What is cut is no JSON, and said to be none.
    this.#current.heard(Buffer.concat(this.#event));
    [this.#event, this.#eventBytes] = [[], 0];
    if (this.#current.isOver) this.#finish();
  }

  ended(): void {
    this.#sending?.close();
    this.#sending = undefined;
    this.#finish();
  }

  async #begin(tap: ModelTap): Promise<void> {
    if (!(await tap.asked())) {
      tap.close();
      return;
    }
    this.#finish();
    this.#wasAsked = true;
    this.#prompt = tap.prompt;
    this.#current = tap;
  }

  #finish(): void {
    if (this.#current !== undefined) this.#end(this.#current.ended());
    this.#current = undefined;
  }
}
