import type { Decision, HttpRequest } from "@bailiwick/policy";
import type { ModelCallFacts, ToolCallFacts } from "./models/model-tap.ts";
import type { ToolResult } from "./models/model-call.ts";

/** The exchange that something of a model was found in. */
export interface ModelExchange {
  /** Its number, as of the request that was sent. */
  readonly request: number;
  readonly connection: number;
  readonly exec: number | undefined;
  readonly host: string;
  readonly port: number;
}
import type { FoundLeak } from "./http/leaks.ts";

/** One request as the record has it: as it was written inside, never with what the gateway put in its place. */
export interface RequestFacts {
  readonly connection: number;
  readonly host: string;
  readonly port: number;
  readonly exec: number | undefined;
  /** "" when the request could not be read that far; so are target and query. */
  readonly method: string;
  /** The path as written. */
  readonly path: string;
  /** The names in the query; their values are nobody's business. */
  readonly query: readonly string[];
  readonly decision: Decision;
  readonly at: number;
}

/** What a decision about a request is made from: the part of Cedar's request that the gateway knows. */
export type RequestQuestion = Omit<HttpRequest, "action" | "run" | "program" | "timeMs" | "approved">;

/** Who wants a connection: for as long as they wait, a person may be asked. */
export interface Caller {
  /** The exec that connects, as far as it is known. Never rejects. */
  readonly owner: Promise<number | undefined>;
  /** Aborts when nobody waits for the decision any more. */
  readonly gone: AbortSignal;
}

/** What a person who is asked about a request is told beside what policies see. */
export interface SentRequestFacts {
  readonly exec: number | undefined;
  readonly connection: number;
  /** The path as written. */
  readonly path: string;
  readonly leaks: readonly FoundLeak[];
  /** Aborts when nobody waits for the decision any more. */
  readonly gone: AbortSignal;
}

/** What went over, and how it ended. */
export interface Traffic {
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly wallMs: number;
  readonly error: string | undefined;
  readonly at: number;
}

/** What the gateway reports; the run turns these into events. Called in order per connection. */
export interface GatewayObserver {
  refused(refusal: {
    readonly host: string;
    readonly port: number;
    readonly exec: number | undefined;
    readonly decision: Decision;
    readonly at: number;
  }): void;
  opened(connection: {
    readonly id: number;
    readonly host: string;
    readonly port: number;
    readonly address: string;
    readonly exec: number | undefined;
    readonly decision: Decision;
    readonly at: number;
  }): void;
  closed(connection: Traffic & { readonly id: number }): void;
  /**
   * Permitted; `request` is its number, counted from 1. It goes on its way when this resolves, which is at once unless the record can't be written: then when
   * it can again, or with false, and it must not go: nothing can be recorded. Never rejects.
   */
  requestSent(
    request: RequestFacts & { readonly request: number; readonly credential: string | undefined },
  ): Promise<boolean>;
  requestRefused(request: RequestFacts): void;
  /** `status` is undefined when there was no answer. Bytes are of bodies. */
  requestEnded(end: Traffic & { readonly request: number; readonly status: number | undefined }): void;
  /** Something was found in what is sent; `decision` says whether it went on. Once for each thing of a request. */
  leakFound(leak: {
    readonly connection: number;
    readonly host: string;
    readonly port: number;
    readonly exec: number | undefined;
    readonly kind: FoundLeak["kind"];
    readonly what: string;
    readonly sample: string;
    /** `request`: in its target or headers. */
    readonly where: "request" | "body";
    readonly decision: Decision;
    readonly at: number;
  }): void;
  /** A placeholder was sent where it does not belong, or an answer brought the credential itself: somebody tries something. */
  credentialMisused(alarm: {
    readonly credential: string;
    readonly connection: number;
    readonly host: string;
    readonly port: number;
    readonly exec: number | undefined;
    /** Where it was found: `header authorization`, `path`, `body`, … */
    readonly where: string;
    readonly at: number;
  }): void;
  /** A model called a tool: reported before the agent could read all of it. */
  toolCalled(call: ModelExchange & ToolCallFacts & { readonly at: number }): void;
  /** A request to a model brought these results of its newest calls. */
  toolsAnswered(answer: ModelExchange & { readonly results: readonly ToolResult[] }): void;
  /** The model's answer is over; after its calls. */
  modelCalled(call: ModelExchange & ModelCallFacts & { readonly at: number }): void;
}
