import { readRequestTarget } from "@bailiwick/policy";
import type { Decision } from "@bailiwick/policy";
import type { NeedleScan } from "../credentials/needles.ts";
import { credentialPolicy, misusedPlaceholder } from "../credentials/refusals.ts";
import type { CredentialSwap } from "../credentials/swap.ts";
import type { InspectedConnection } from "../inspection/inspection.ts";
import { profileDecision, refusals, type Refusal } from "../refusals.ts";
import type { ExchangeTap, ModelTaps } from "../models/model-taps.ts";
import type { RequestFacts, RequestQuestion, SentRequestFacts } from "../observer.ts";
import { describeError } from "../tcp/joined.ts";
import { type Fields, tokensOf, valuesOf } from "./headers.ts";
import { BodyLook, leakFacts, type FoundLeak, type LeakLook } from "./leaks.ts";
import { HTTP_POLICY, httpRefusals } from "./refusals.ts";
import type { FramePiece } from "./websocket-frames.ts";
import { screenRequest, type SentRequest } from "./screen.ts";

/** What is to be done with a request. */
export type Admission =
  | {
      readonly kind: "send";
      readonly target: string;
      /** With credentials in the place of placeholders: for the server's eyes only. */
      readonly fields: Fields;
      /** Where they depend on the body: these in place of {@link fields}, by its SHA-256 in hexadecimal. */
      readonly sign: ((bodySha256: string) => Fields) | undefined;
      /** A person was asked: the server may have closed its connection meanwhile, and gets a new one. */
      readonly wasAsked: boolean;
      readonly exchange: Exchange;
    }
  | { readonly kind: "refuse"; readonly decision: Decision };

interface ExchangeParts {
  readonly secure: boolean;
  readonly credentials: CredentialSwap;
  readonly models: ModelTaps;
  readonly leaks: LeakLook | undefined;
}

const NOTHING_KNOWN = { method: "", path: "", query: [] } as const;

/** Decides about the requests of one connection, and reports them. The same for every version of HTTP. */
export class Exchanges {
  readonly #connection: InspectedConnection;
  readonly #secure: boolean;
  readonly #credentials: CredentialSwap;
  readonly #models: ModelTaps;
  readonly #leaks: LeakLook | undefined;
  readonly #alarmed = new Set<string>();

  constructor(connection: InspectedConnection, { secure, credentials, models, leaks }: ExchangeParts) {
    this.#leaks = leaks;
    this.#connection = connection;
    this.#secure = secure;
    this.#credentials = credentials;
    this.#models = models;
  }

  /**
   * Never rejects: what fails on the way is a refusal. Waits for a person where a policy wants one asked; nothing of the body is to be read meanwhile.
   * @param gone aborts when the client is
   */
  async admit(request: SentRequest, gone: AbortSignal): Promise<Admission> {
    const { host, port, owner, decide } = this.#connection;
    const refusal = screenRequest(request, host, port);
    if (refusal !== undefined) return await this.#refuseBy(request, refusal);
    const target = readRequestTarget(request.target);
    if ("unreadable" in target) return await this.#refuseBy(request, httpRefusals.target(target.unreadable));
    const swapped = this.#credentials.apply({ ...request, host, secure: this.#secure }, target);
    if (swapped.misused !== undefined) await this.#alarm(swapped.misused.credential, swapped.misused.where);
    if ("refusal" in swapped) return await this.#refuse(request, this.#decisionFor(swapped.refusal, swapped.policy));
    const exec = await owner;
    const headers = visibleHeaders(request.fields);
    const found = await this.#lookAt(request.target, headers);
    if (!Array.isArray(found)) return await this.#refuseBy(request, httpRefusals.unseen(describeError(found.error)));
    const question: RequestQuestion = {
      host,
      port,
      secure: this.#secure,
      method: request.method,
      paths: target.paths,
      query: target.query,
      headers,
      sizeBytes: sizeOf(request.fields),
      credential: swapped.credential ?? "",
      leak: leakFacts(found, this.#leaks?.isModel(host) ?? false),
    };
    const sent = { exec, connection: this.#connection.id, path: pathOf(request.target), leaks: found, gone };
    const decision = await decide(question, sent);
    this.#reportLeaks(found, { where: "request", exec, decision });
    if (decision.outcome !== "allow") return await this.#refuse(request, decision);
    const number = this.#connection.nextRequest();
    const facts = { ...this.#facts(request, decision, exec), request: number };
    const { observer } = this.#connection;
    // Nothing leaves while it can't be recorded.
    const isRecorded = await observer.requestSent({ ...facts, credential: swapped.credential });
    if (!isRecorded) return await this.#refuseBy(request, refusals.unrecorded());
    const tap = this.#models.tapFor(facts, request, observer);
    const look = (): BodyLook | undefined => this.#lookAtBody(request, { question, sent });
    const exchange = new Exchange(this, number, { tap, look });
    const wasAsked = decision.approver !== undefined;
    return { kind: "send", target: swapped.target, fields: swapped.fields, sign: swapped.sign, wasAsked, exchange };
  }

  /** Decides anew as soon as something is found in the body that was not known before. */
  #lookAtBody(
    { fields }: SentRequest,
    { question, sent }: { question: RequestQuestion; sent: SentRequestFacts },
  ): BodyLook | undefined {
    if (this.#leaks === undefined) return undefined;
    const { host, decide } = this.#connection;
    const known = [...sent.leaks];
    return new BodyLook(this.#leaks.body(host, tokensOf(fields, "content-encoding")), {
      judge: async (leaks) => {
        known.push(...leaks);
        const leak = leakFacts(known, question.leak.toModel);
        const decision = await decide({ ...question, leak }, { ...sent, leaks: [...known] });
        this.#reportLeaks(leaks, { where: "body", exec: sent.exec, decision });
        return decision.outcome === "allow" ? undefined : decision;
      },
      failed: (error) => this.#decisionFor(httpRefusals.unseen(describeError(error)), HTTP_POLICY),
    });
  }

  async #lookAt(target: string, headers: Fields): Promise<FoundLeak[] | { readonly error: unknown }> {
    try {
      return [...((await this.#leaks?.request(this.#connection.host, target, valuesIn(headers))) ?? [])];
    } catch (error) {
      return { error };
    }
  }

  #reportLeaks(
    leaks: readonly FoundLeak[],
    about: { readonly where: "request" | "body"; readonly exec: number | undefined; readonly decision: Decision },
  ): void {
    const { id, host, port, observer } = this.#connection;
    for (const { kind, what, sample } of leaks) {
      observer.leakFound({ connection: id, host, port, kind, what, sample, ...about, at: Date.now() });
    }
  }

  /** What cannot be read as a request, or turned out wrong when it was too late to refuse it. */
  async refuseUnread(refusal: Refusal, policy = HTTP_POLICY): Promise<Decision> {
    const decision = this.#decisionFor(refusal, policy);
    const { id, host, port, owner, observer } = this.#connection;
    observer.requestRefused({
      connection: id,
      host,
      port,
      exec: await owner,
      ...NOTHING_KNOWN,
      decision,
      at: Date.now(),
    });
    return decision;
  }

  /**
   * A placeholder in a body. Where the account is pinned it goes on: it says nothing there, and a model that is shown a terminal with a
   * placeholder on it would otherwise never be asked anything again.
   * @returns why the request must not go on, if so
   */
  misusedInBody(credential: string): Decision | undefined {
    void this.#alarm(credential, "body");
    if (this.#credentials.isPinned(this.#connection.host)) return undefined;
    return this.#decisionFor(misusedPlaceholder({ credential, where: "body" }), credentialPolicy(credential));
  }

  /** The server sent a credential back. */
  misusedInAnswer(credential: string): void {
    void this.#alarm(credential, "answer");
  }

  scanAnswer(): NeedleScan | undefined {
    return this.#credentials.scanAnswer(this.#connection.host);
  }

  get credentials(): CredentialSwap {
    return this.#credentials;
  }

  ended(end: Parameters<InspectedConnection["observer"]["requestEnded"]>[0]): void {
    this.#connection.observer.requestEnded(end);
  }

  async #refuseBy(request: SentRequest, refusal: Refusal): Promise<Admission> {
    return await this.#refuse(request, this.#decisionFor(refusal, HTTP_POLICY));
  }

  async #refuse(request: SentRequest, decision: Decision): Promise<Admission> {
    this.#connection.observer.requestRefused(this.#facts(request, decision, await this.#connection.owner));
    return { kind: "refuse", decision };
  }

  async #alarm(credential: string, where: string): Promise<void> {
    const { id, host, port, owner, observer } = this.#connection;
    // Once for each connection: a stream that is full of it is one attempt.
    const key = `${credential} ${where}`;
    if (this.#alarmed.has(key)) return;
    this.#alarmed.add(key);
    observer.credentialMisused({ credential, connection: id, host, port, exec: await owner, where, at: Date.now() });
  }

  #decisionFor(refusal: Refusal, policy: string): Decision {
    return { ...profileDecision(refusal, this.#connection.profileDigest), policies: [policy] };
  }

  #facts(request: SentRequest, decision: Decision, exec: number | undefined): RequestFacts {
    const { id, host, port } = this.#connection;
    const path = pathOf(request.target);
    const read = readRequestTarget(request.target);
    const query = "query" in read ? read.query : [];
    return { connection: id, host, port, exec, method: request.method, path, query, decision, at: Date.now() };
  }
}

/** One request that was sent, until it ended one way or the other. */
export class Exchange {
  readonly number: number;
  readonly look: BodyLook | undefined;
  readonly #lookAside: () => BodyLook | undefined;
  #aside: BodyLook | undefined;
  readonly #exchanges: Exchanges;
  readonly #tap: ExchangeTap | undefined;
  readonly #start = performance.now();
  #ended = false;
  bytesSent = 0;
  bytesReceived = 0;
  status: number | undefined;

  constructor(
    exchanges: Exchanges,
    number: number,
    parts: { readonly tap: ExchangeTap | undefined; readonly look: () => BodyLook | undefined },
  ) {
    this.#exchanges = exchanges;
    this.number = number;
    this.#tap = parts.tap;
    this.look = parts.look();
    this.#lookAside = parts.look;
  }

  /** Looks at what stands between the pieces of a body and is none of it: pings of a WebSocket. */
  get aside(): BodyLook | undefined {
    return (this.#aside ??= this.#lookAside());
  }

  /** Some of a message of a WebSocket, beside its bytes. */
  sentPiece(piece: FramePiece): void {
    this.#tap?.sentPiece(piece);
  }

  receivedPiece(piece: FramePiece): void {
    this.#tap?.receivedPiece(piece);
  }

  /** A piece of the request's body goes on. */
  sent(chunk: Buffer): void {
    this.bytesSent += chunk.length;
    this.#tap?.sent(chunk);
  }

  /** The head of the answer. @param fields as the server sent them */
  answered(status: number | undefined, fields: Fields): void {
    this.status = status;
    this.#tap?.answered(status, fields);
  }

  /** A piece of the answer's body goes on. */
  received(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    this.#tap?.received(chunk);
  }

  get isOver(): boolean {
    return this.#ended;
  }

  /** The first call counts. */
  end(error: string | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.look?.close();
    this.#aside?.close();
    const { number: request, status, bytesSent, bytesReceived } = this;
    const wallMs = performance.now() - this.#start;
    this.#exchanges.ended({ request, status, bytesSent, bytesReceived, wallMs, error, at: Date.now() });
    this.#tap?.ended();
  }
}

/** Policies may ask for headers, but not for secrets: of those they see the names. */
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-api-key",
  "x-amz-security-token",
]);

function visibleHeaders(fields: Fields): Fields {
  return fields
    .filter(([name]) => !name.startsWith(":"))
    .map(([name, value]): readonly [string, string] => {
      const lower = name.toLowerCase();
      return [lower, SECRET_HEADERS.has(lower) ? "" : value];
    });
}

function pathOf(target: string): string {
  const mark = target.indexOf("?");
  return mark < 0 ? target : target.slice(0, mark);
}

/** What may hold something: browsers' and tools' own words say nothing. */
function valuesIn(headers: Fields): readonly string[] {
  return headers.map(([, value]) => value).filter((value) => value !== "");
}

/** -1 without a length; a request without a body and without a length has none to declare either. */
function sizeOf(fields: Fields): number {
  const [length] = valuesOf(fields, "content-length");
  return length === undefined ? -1 : Number(length);
}
