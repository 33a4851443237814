import { type Fields, valuesOf } from "../http/headers.ts";
import type { SentRequest } from "../http/screen.ts";
import type { FramePiece } from "../http/websocket-frames.ts";
import type { GatewayObserver, RequestFacts } from "../observer.ts";
import { Allowance } from "../allowance.ts";
import { apiOf } from "./api-of.ts";
import { ModelSocket } from "./model-socket.ts";
import { ModelTap } from "./model-tap.ts";

/** Longer than decoding what came in takes, on a machine that is busy. */
const PATIENCE_MS = 100;
/** What bodies of all exchanges together take until they are read: of a hundred agents at work, some megabytes. */
const MOST_HELD_BYTES = 128 << 20;

/** One tap for each exchange that may be with a model. */
export class ModelTaps {
  readonly #keep: number;
  readonly #open = new Set<ModelTap>();
  readonly #allowance = new Allowance(MOST_HELD_BYTES);
  readonly #ending = new Set<Promise<void>>();

  /** @param keep characters of prompts and outputs that are kept; 0: none */
  constructor(keep: number) {
    this.#keep = keep;
  }

  tapFor(
    facts: RequestFacts & { readonly request: number },
    { fields, upgrade }: SentRequest,
    observer: GatewayObserver,
  ): ExchangeTap | undefined {
    if (facts.method !== "POST" && upgrade === undefined) return undefined;
    const api = apiOf(facts.path);
    if (api === undefined) return undefined;
    const { request, connection, exec, host, port } = facts;
    const where = { request, connection, exec, host, port };
    const open = (earlierPrompt: string): ModelTap =>
      new ModelTap({
        api,
        path: facts.path,
        requestType: valuesOf(fields, "content-type").join(),
        requestEncoding: valuesOf(fields, "content-encoding").join(),
        earlierPrompt,
        keep: this.#keep,
        allowance: this.#allowance,
        onCall: (call) => observer.toolCalled({ ...where, ...call, at: Date.now() }),
        onResults: (results) => observer.toolsAnswered({ ...where, results }),
        onEnd: (facts) => observer.modelCalled({ ...where, ...facts, at: Date.now() }),
      });
    const tap = open("");
    this.#open.add(tap);
    // The one API that is spoken over a WebSocket as it is over HTTP.
    const speaks = upgrade !== undefined && api.name === "openai-responses";
    const socket = speaks ? new ModelSocket(open, (ending) => this.#await(ending)) : undefined;
    return new ExchangeTap(tap, socket, (ending) => this.#close(tap, ending));
  }

  /** Undefined when all that came was read; else resolves as soon as it is, or after a moment. */
  settled(): Promise<void> | undefined {
    const behind = [...this.#open].filter(({ isBehind }) => isBehind);
    if (behind.length === 0) return undefined;
    const all = Promise.all(behind.map(async (tap) => await tap.drained()));
    return Promise.race([
      all.then(() => undefined),
      new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref()),
    ]);
  }

  /** Resolves when every exchange that has ended was told. */
  async close(): Promise<void> {
    await Promise.all(this.#ending);
  }

  #close(tap: ModelTap, ending: Promise<void> | undefined): void {
    if (ending === undefined) {
      tap.close();
      this.#open.delete(tap);
      return;
    }
    this.#await(ending);
    void ending.finally(() => this.#open.delete(tap));
  }

  #await(ending: Promise<void>): void {
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }
}

/** A tap as an exchange has it. */
export class ExchangeTap {
  readonly #tap: ModelTap;
  /** Undefined: what is said over a WebSocket here is not read. */
  readonly #socket: ModelSocket | undefined;
  readonly #close: (ending: Promise<void> | undefined) => void;
  #state: "asking" | "answered" | "off" = "asking";

  constructor(tap: ModelTap, socket: ModelSocket | undefined, close: (ending: Promise<void> | undefined) => void) {
    this.#tap = tap;
    this.#socket = socket;
    this.#close = close;
  }

  /** Some of a message of a WebSocket, beside its bytes. */
  sentPiece(piece: FramePiece): void {
    if (this.#state === "answered") this.#socket?.sent(piece);
  }

  receivedPiece(piece: FramePiece): void {
    if (this.#state === "answered") this.#socket?.received(piece);
  }

  sent(bytes: Buffer): void {
    if (this.#state !== "off") this.#tap.sent(bytes);
  }

  /** Only an answer of a model is read: an error is told by its status. */
  answered(status: number | undefined, fields: Fields): void {
    if (this.#state !== "asking") return;
    if (status !== 101 && (status === undefined || status < 200 || status > 299)) {
      this.#off(undefined);
      return;
    }
    this.#state = "answered";
    if (status === 101) this.#tap.upgraded();
    else this.#tap.answered(valuesOf(fields, "content-type").join(), valuesOf(fields, "content-encoding").join());
  }

  received(bytes: Buffer): void {
    if (this.#state === "answered") this.#tap.received(bytes);
  }

  ended(): void {
    if (this.#state === "off") return;
    this.#socket?.ended();
    // What was read is told; where nothing was, that is.
    const isTold = this.#socket?.wasAsked === true;
    this.#off(this.#state === "answered" && !isTold ? this.#tap.ended() : undefined);
  }

  #off(ending: Promise<void> | undefined): void {
    this.#state = "off";
    this.#close(ending);
  }
}
