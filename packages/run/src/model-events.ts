import type { EventOf } from "@bailiwick/audit";
import type { GatewayObserver, ModelTokens } from "@bailiwick/egress";
import type { Profile } from "@bailiwick/sandbox";
import type { Provenance } from "./provenance.ts";
import type { Recorder } from "./recorder.ts";

type ModelCall = Parameters<GatewayObserver["modelCalled"]>[0];
type ToolCall = Parameters<GatewayObserver["toolCalled"]>[0];

/** Of an input this much is recorded, and all of it by its digest. */
const MOST_INPUT = 256 * 1024;

export interface ModelEventsOptions {
  readonly recorder: Recorder;
  readonly provenance: Provenance;
  readonly models: Profile["models"];
  /** A model's answer is over. `counted` has tokens also where the answer told none. */
  readonly onUse: (use: { readonly tokens: number; readonly costMicros: number | undefined }) => void;
}

/** Turns what was heard of models into events, and keeps what the summary says of it. */
export class ModelEvents {
  readonly #options: ModelEventsOptions;
  #calls = 0;
  #answers = 0;
  #tokens: ModelTokens = { in: 0, cached: 0, written: 0, out: 0 };
  #costMicros: number | undefined;

  constructor(options: ModelEventsOptions) {
    this.#options = options;
  }

  /** Undefined where no model was heard. */
  get totals(): EventOf<"run.ended">["models"] {
    if (this.#answers + this.#calls === 0) return undefined;
    const { currency } = this.#options.models;
    const cost = this.#costMicros === undefined ? {} : { cost: { micros: this.#costMicros, currency } };
    return { answers: this.#answers, calls: this.#calls, tokens: this.#tokens, ...cost };
  }

  /** @returns the call's number in the run */
  toolCalled({ request, id, name, input, digest, bytes, at }: ToolCall): number {
    const call = ++this.#calls;
    const { recorder, provenance } = this.#options;
    const kept = input.slice(0, MOST_INPUT).toWellFormed();
    recorder.note({ type: "tool.called", at, call, request, id, tool: name, input: kept, digest, bytes });
    provenance.called(call, name, input);
    return call;
  }

  modelCalled(heard: ModelCall): void {
    const { api, model, tokens, prompt, output, sent, received, unread, exec } = heard;
    const { recorder, models, onUse } = this.#options;
    this.#answers++;
    const price = priceOf(model, models.prices);
    const micros = tokens && price && costOf(tokens, price);
    if (tokens !== undefined) this.#tokens = sum(this.#tokens, tokens);
    if (micros !== undefined) this.#costMicros = (this.#costMicros ?? 0) + micros;
    recorder.note({
      type: "model.called",
      at: heard.at,
      request: heard.request,
      ...(exec !== undefined && { exec }),
      api,
      ...(model !== undefined && { model }),
      streamed: heard.streamed,
      ...(tokens !== undefined && { tokens }),
      ...(micros !== undefined && { cost: { micros, currency: models.currency } }),
      ...(prompt !== undefined && { prompt: digested(prompt) }),
      output: digested(output),
      sent: digested(sent),
      received: digested(received),
      calls: heard.calls,
      complete: heard.complete,
      ...(unread !== undefined && { unread }),
    });
    const counted = tokens ?? estimated(heard);
    onUse({ tokens: allOf(counted), costMicros: price && costOf(counted, price) });
  }
}

function digested({ digest, bytes, text }: ModelCall["output"]) {
  return { digest, bytes, ...(text !== undefined && { text }) };
}

/** What an answer that was broken off, or could not be read, is counted as: a token has three bytes or more. It is not what was used, but a budget holds. */
function estimated({ sent, received }: ModelCall): ModelTokens {
  return { in: Math.ceil(sent.bytes / 3), cached: 0, written: 0, out: Math.ceil(received.bytes / 3) };
}

type Price = Profile["models"]["prices"][number];

/** A whole name comes before the beginning of one, and of beginnings the longest counts. */
export function priceOf(model: string | undefined, prices: readonly Price[]): Price | undefined {
  if (model === undefined) return undefined;
  const fits = (name: string): boolean => (name.endsWith("*") ? model.startsWith(name.slice(0, -1)) : model === name);
  const known = prices.filter((price) => fits(price.model));
  const weight = (name: string): number => (name.endsWith("*") ? name.length : Infinity);
  return known.toSorted((a, b) => weight(b.model) - weight(a.model))[0];
}

/** A price is for a million tokens, so a token costs as many millionths. */
export function costOf(tokens: ModelTokens, price: Price): number {
  const { cached, written, out } = tokens;
  return Math.ceil(tokens.in * price.in + cached * price.cached + written * price.written + out * price.out);
}

function allOf(tokens: ModelTokens): number {
  return tokens.in + tokens.cached + tokens.written + tokens.out;
}

function sum(a: ModelTokens, b: ModelTokens): ModelTokens {
  return { in: a.in + b.in, cached: a.cached + b.cached, written: a.written + b.written, out: a.out + b.out };
}
