import { createParser, type EventSourceParser } from "eventsource-parser";
import type { Allowance } from "../allowance.ts";
import { HeldBody } from "./held-body.ts";

/** The longest event of a stream. Some end with one that repeats the whole answer. */
const MOST_EVENT_CHARACTERS = 8 << 20;
/** The longest answer that is read, decoded. */
const MOST_ANSWER_BYTES = 64 << 20;

const TOO_LONG = "its answer is too long";
const LONG_EVENT = "an event of its answer is too long";
const TOO_MANY = "its answer came with too many others at once";

/** An answer's body, decoded: server-sent events as they come, or one JSON text at its end. */
export class AnswerBody {
  readonly #read: (value: unknown) => void;
  readonly #text = new TextDecoder();
  readonly #events: EventSourceParser | undefined;
  readonly #whole: HeldBody;
  readonly #allowance: Allowance;
  #bytes = 0;
  #isGivenUp = false;
  #isInMessages = false;
  /** Why it could not be read, or not all of it. */
  problem: string | undefined;

  constructor(contentType: string, allowance: Allowance, read: (value: unknown) => void) {
    this.#read = read;
    this.#allowance = allowance;
    this.#whole = new HeldBody(allowance);
    if (!contentType.toLowerCase().includes("event-stream")) return;
    this.#events = createParser({
      maxBufferSize: MOST_EVENT_CHARACTERS,
      onEvent: ({ data }) => {
        // How Chat Completions says that a stream is over.
        if (data !== "[DONE]") this.#parse(data);
      },
      onError: ({ type }) => {
        if (type === "max-buffer-size-exceeded") this.#giveUp(LONG_EVENT);
      },
    });
  }

  take(bytes: Buffer): void {
    if (this.#isGivenUp) return;
    if (this.#events === undefined) {
      this.#whole.add(bytes);
      return;
    }
    // What a stream makes this side hold, an unfinished event and the inputs of calls, is no more than what has come.
    if (this.#bytes + bytes.length > MOST_ANSWER_BYTES) this.#giveUp(TOO_LONG);
    else if (!this.#allowance.take(bytes.length)) this.#giveUp(TOO_MANY);
    else {
      this.#bytes += bytes.length;
      this.#events.feed(this.#text.decode(bytes, { stream: true }));
    }
  }

  /** It comes as messages, each an event. */
  expectMessages(): void {
    this.#isInMessages = true;
  }

  message(text: string): void {
    if (this.#isGivenUp) return;
    if (text.length > MOST_EVENT_CHARACTERS) this.#giveUp(LONG_EVENT);
    else this.#parse(text);
  }

  end(): void {
    if (this.#events === undefined && !this.#isInMessages) {
      const body = this.#whole.json();
      if ("unread" in body) this.problem ??= `its answer ${body.unread}`;
      else this.#readSafely(body.value);
    }
    this.#letGo();
  }

  #giveUp(why: string): void {
    this.#isGivenUp = true;
    this.problem ??= why;
    this.#letGo();
  }

  #letGo(): void {
    this.#allowance.giveBack(this.#bytes);
    this.#bytes = 0;
  }

  #parse(data: string): void {
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.problem ??= "an event of its answer is no JSON";
      return;
    }
    this.#readSafely(value);
  }

  /** Reading stands beside the stream: whatever is in it, such as a tower of brackets, the stream goes on. */
  #readSafely(value: unknown): void {
    try {
      this.#read(value);
    } catch (error) {
      this.problem ??= `its answer has a form that cannot be read (${error instanceof Error ? error.name : "unknown"})`;
    }
  }
}
