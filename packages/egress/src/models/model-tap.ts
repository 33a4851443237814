import { createHash, type Hash } from "node:crypto";
import type { Allowance } from "../allowance.ts";
import { AnswerBody } from "./answer-body.ts";
import { DecodedBody } from "./decoded-body.ts";
import { HeldBody } from "./held-body.ts";
import type {
  DigestedText,
  ModelAnswer,
  ModelApi,
  ModelApiName,
  ModelRequest,
  ModelTokens,
  ToolResult,
  WrittenCall,
} from "./model-call.ts";
import { RunningText } from "./running-text.ts";

/** One request to a model and what came of it. */
export interface ModelCallFacts {
  readonly api: ModelApiName;
  /** As the answer says it, else as the request does; undefined where neither could be read. */
  readonly model: string | undefined;
  readonly streamed: boolean;
  readonly tokens: ModelTokens | undefined;
  /** Undefined where the request could not be read. */
  readonly prompt: DigestedText | undefined;
  readonly output: DigestedText;
  /** Bodies as they passed, before any decoding. */
  readonly sent: DigestedText;
  readonly received: DigestedText;
  /** How many tools it called. */
  readonly calls: number;
  /** Whether the model said that its answer is complete. */
  readonly complete: boolean;
  /** What could not be read, and why. */
  readonly unread: string | undefined;
}

export interface ToolCallFacts extends WrittenCall {
  readonly digest: string;
  readonly bytes: number;
}

export interface ModelTapOptions {
  readonly api: ModelApi;
  readonly path: string;
  readonly requestType: string;
  readonly requestEncoding: string;
  /** What the connection was asked before: a request that only goes on with it has no prompt of its own. */
  readonly earlierPrompt: string;
  /** Characters of prompts and outputs that are kept; 0: none. */
  readonly keep: number;
  readonly allowance: Allowance;
  readonly onCall: (call: ToolCallFacts) => void;
  readonly onResults: (results: readonly ToolResult[]) => void;
  /** Once, after all calls; never where this was no model's traffic after all. */
  readonly onEnd: (facts: ModelCallFacts) => void;
}

/**
 * Listens to one exchange. It sees each piece before it goes on, in order, and takes no part in that: it holds a bounded amount, and what it cannot
 * read it says. A call is told as soon as the answer has brought all of it, so before the agent can have acted on it.
 */
export class ModelTap {
  readonly #options: ModelTapOptions;
  readonly #held: HeldBody;
  readonly #sent = new PassedBody();
  readonly #received = new PassedBody();
  readonly #requestBody: DecodedBody;
  readonly #found: FoundAnswer;
  #answerBody: DecodedBody | undefined;
  #answer: AnswerBody | undefined;
  #request: ModelRequest | undefined;
  #requestProblem: string | undefined;
  #streamed = false;
  #isOpaque = false;

  constructor(options: ModelTapOptions) {
    this.#options = options;
    this.#held = new HeldBody(options.allowance);
    this.#found = new FoundAnswer(options.keep, options.onCall);
    this.#requestBody = new DecodedBody(options.requestEncoding, {
      take: (bytes) => this.#held.add(bytes),
      fail: (why) => (this.#requestProblem ??= `its request cannot be read: ${why}`),
    });
  }

  get isBehind(): boolean {
    return this.#answerBody?.isBehind === true;
  }

  async drained(): Promise<void> {
    await this.#answerBody?.drained();
  }

  sent(bytes: Buffer): void {
    this.#sent.add(bytes);
    if (!this.#isOpaque) this.#requestBody.write(bytes);
  }

  /** There is nothing of a model to be read: what is held is let go. */
  close(): void {
    this.#requestBody.close();
    this.#held.close();
  }

  /** The head of the answer. */
  answered(contentType: string, encoding: string): void {
    this.#streamed = contentType.toLowerCase().includes("event-stream");
    const answer = new AnswerBody(contentType, this.#options.allowance, this.#options.api.answerReader(this.#found));
    this.#answer = answer;
    this.#answerBody = new DecodedBody(encoding, {
      take: (bytes) => answer.take(bytes),
      fail: (why) => (answer.problem ??= `its answer cannot be read: ${why}`),
    });
    // The request is through, and the model is thinking: nobody waits for this now.
    setImmediate(() => void this.#readRequest());
  }

  /** The request came as a message of a WebSocket, which is whole; its answer is events in messages. Whether it is a model's request. */
  async asked(): Promise<boolean> {
    this.#streamed = true;
    this.#answer = new AnswerBody("", this.#options.allowance, this.#options.api.answerReader(this.#found));
    this.#answer.expectMessages();
    await this.#readRequest();
    return this.#request !== undefined;
  }

  /** One event of the answer. */
  heard(message: Buffer): void {
    this.#received.add(message);
    this.#answer?.message(message.toString("utf8"));
  }

  /** Whether the model said that its answer is over, complete or not. */
  get isOver(): boolean {
    return this.#found.complete;
  }

  get prompt(): string {
    const own = this.#request?.prompt ?? "";
    return own === "" ? this.#options.earlierPrompt : own;
  }

  /** What follows is no HTTP any more, and not read. */
  upgraded(): void {
    this.#isOpaque = true;
  }

  received(bytes: Buffer): void {
    this.#received.add(bytes);
    this.#answerBody?.write(bytes);
  }

  /** Nothing more comes, for whatever reason. Resolves when it was told. */
  async ended(): Promise<void> {
    await this.#readRequest();
    await this.#answerBody?.drained();
    this.#answerBody?.close();
    this.#answer?.end();
    const problem = this.#isOpaque ? OPAQUE : (this.#requestProblem ?? this.#answer?.problem);
    // A path like a model's, and nothing of a model in it.
    const isModel = this.#request !== undefined || this.#found.isAnything || this.#isOpaque;
    if (!isModel && !this.#isUnreadable()) return;
    const { api, onEnd } = this.#options;
    onEnd({
      api: api.name,
      model: this.#found.model ?? this.#request?.model,
      streamed: this.#streamed,
      tokens: this.#found.tokens,
      prompt: this.#request === undefined ? undefined : digested(this.prompt, this.#options.keep),
      output: this.#found.output.result(),
      sent: this.#sent.result(),
      received: this.#received.result(),
      calls: this.#found.calls,
      complete: this.#found.complete,
      unread: problem,
    });
  }

  #isUnreadable(): boolean {
    return this.#requestProblem !== undefined && this.#options.requestType.toLowerCase().includes("json");
  }

  #reading: Promise<void> | undefined;

  async #readRequest(): Promise<void> {
    await (this.#reading ??= this.#readRequestOnce());
  }

  async #readRequestOnce(): Promise<void> {
    await this.#requestBody.drained();
    this.#requestBody.close();
    if (this.#requestProblem !== undefined) {
      this.#held.close();
      return;
    }
    const body = this.#held.json();
    if ("unread" in body) {
      this.#requestProblem = `its request ${body.unread}`;
      return;
    }
    this.#request = this.#options.api.readRequest(body.value, this.#options.path);
    const results = this.#request?.results ?? [];
    if (results.length > 0) this.#options.onResults(results);
  }
}

function digested(text: string, keep: number): DigestedText {
  const running = new RunningText(keep);
  running.add(text);
  return running.result();
}

/** Bytes as they passed. */
class PassedBody {
  readonly #hash: Hash = createHash("sha256");
  #bytes = 0;

  add(bytes: Buffer): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  result(): DigestedText {
    return { digest: `sha256:${this.#hash.digest("hex")}`, bytes: this.#bytes, text: undefined };
  }
}

/** What an answer's reader found so far. */
class FoundAnswer implements ModelAnswer {
  readonly output: RunningText;
  readonly #onCall: (call: ToolCallFacts) => void;
  model: string | undefined;
  tokens: ModelTokens | undefined;
  calls = 0;
  complete = false;
  isAnything = false;

  constructor(keep: number, onCall: (call: ToolCallFacts) => void) {
    this.output = new RunningText(keep);
    this.#onCall = onCall;
  }

  named(model: string | undefined): void {
    if (model !== undefined && model !== "") this.model = model.slice(0, MOST_NAME);
  }

  used(tokens: ModelTokens): void {
    this.isAnything = true;
    this.tokens = tokens;
  }

  wrote(text: string | undefined): void {
    if (text === undefined || text === "") return;
    this.isAnything = true;
    this.output.add(text);
  }

  called({ id, name, input }: WrittenCall): void {
    this.isAnything = true;
    this.calls++;
    const { digest, bytes } = digested(input, 0);
    const short = { id: id.slice(0, MOST_NAME), name: name.slice(0, MOST_NAME) };
    this.#onCall({ ...short, input, digest, bytes });
  }

  finished(): void {
    this.complete = true;
  }
}

const OPAQUE = "it goes over a WebSocket in a form that is not read";

/** Longer than any name or id of a model's API. */
const MOST_NAME = 200;
