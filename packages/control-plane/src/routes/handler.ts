import type { AccessAction } from "@bailiwick/policy";
import type { z } from "zod";
import type { ROUTES, AnswerOf, RouteName } from "../../contract/routes.ts";
import type { AlarmBoard } from "../access/alarms.ts";
import type { Authority } from "../access/authority.ts";
import type { Resource } from "../access/resources.ts";
import type { Holding } from "../arrivals/batch.ts";
import type { Journal, JournalOptions } from "../arrivals/journal.ts";
import type { EvidenceDesk } from "../evidence/desk.ts";
import type { Caller } from "../identity/callers.ts";
import type { KnownHosts } from "../identity/known-hosts.ts";
import type { LiveHub } from "../live/hub.ts";
import type { OrderDesk } from "../live/orders.ts";
import type { RecordingChecks } from "../recordings/checks.ts";
import type { RecordingKey } from "../recordings/pieces.ts";
import type { RecordingWatch } from "../recordings/watch.ts";
import type { Notifier } from "../notify/notifier.ts";
import type { SessionSettings } from "../identity/sessions.ts";
import type { TaskQueue } from "../fleet/queue.ts";
import type { Provider } from "../identity/provider.ts";
import type { Database } from "../store/tables.ts";

/** What the routes work with. */
export interface Server {
  /** Of Bailiwick. */
  readonly version: string;
  readonly db: Database;
  readonly authority: Authority;
  readonly journal: Journal;
  readonly hub: LiveHub;
  readonly alarms: AlarmBoard;
  readonly desk: OrderDesk;
  readonly notifier: Notifier;
  readonly tasks: TaskQueue;
  readonly hosts: KnownHosts;
  /** A host where a run goes on and of which nothing came for so long is silent. */
  readonly silentMs: number;
  readonly recordings: { readonly checks: RecordingChecks; readonly watch: RecordingWatch };
  readonly evidence: EvidenceDesk;
  readonly holding: Holding;
  readonly keys: JournalOptions["keys"];
  /** Undefined where people sign in by tokens alone. */
  readonly provider: Provider | undefined;
  readonly sessions: SessionSettings;
  readonly leavers: { readonly endRuns: boolean };
  readonly now: () => number;
  /** Aborted when the server ends: streams end with it. */
  readonly signal: AbortSignal;
}

type Routes = typeof ROUTES;
type Parsed<N extends RouteName, K extends string> =
  Routes[N] extends Record<K, infer T> ? (T extends z.ZodType ? z.output<T> : undefined) : undefined;

/** A request that has the form of its route, by a caller who may do it. */
export interface Request<N extends RouteName> {
  readonly params: Parsed<N, "params">;
  readonly query: Parsed<N, "query">;
  readonly body: Parsed<N, "body">;
  /** Undefined of routes that are open. */
  readonly caller: Routes[N]["needs"] extends { readonly open: string } ? undefined : Caller;
  /** What the right was used on; of a list, and where no right is needed, undefined. */
  readonly resource: Resource | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether nobody waits for the answer any more. */
  readonly isGone: () => boolean;
}

/** Streams write themselves. */
export type Answer<N extends RouteName> = Routes[N]["answer"] extends "events"
  ? StreamAnswer
  : Routes[N]["answer"] extends "redirect"
    ? RedirectAnswer
    : Routes[N]["answer"] extends "download"
      ? DownloadAnswer
      : Routes[N]["answer"] extends "scim"
        ? ScimAnswer
        : Routes[N] extends { readonly cookies: true }
          ? CookieAnswer<AnswerOf<N>>
          : AnswerOf<N>;

export interface CookieAnswer<A = unknown> {
  readonly answer: A;
  /** Values of `Set-Cookie`. */
  readonly cookies: readonly string[];
}

/** A file that is made while it is sent. What is thrown before its first piece is answered as an error; after it, nothing more is sent. */
export interface DownloadAnswer {
  readonly name: string;
  readonly type: string;
  readonly pieces: AsyncGenerator<Uint8Array, void>;
}

/** Where a browser goes on, and what it keeps. */
export interface RedirectAnswer {
  readonly location: string;
  /** Values of `Set-Cookie`. */
  readonly cookies: readonly string[];
}

/** What is answered to a directory (RFC 7644). */
export interface ScimAnswer {
  readonly status: 200 | 201 | 204 | 304;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

export type StreamAnswer = EventsAnswer | RecordingAnswer;

export interface EventsAnswer {
  readonly after: number | undefined;
  readonly run: string | undefined;
  readonly caller: Caller;
  readonly action: AccessAction;
}

/** A recording as it grows, from a place in it on. */
export interface RecordingAnswer {
  readonly recording: RecordingKey;
  readonly from: number;
  readonly caller: Caller;
  readonly action: AccessAction;
}

export type Handler<N extends RouteName> = (server: Server, request: Request<N>) => Promise<Answer<N>>;

/** A route without a handler does not compile. */
export type Handlers = { readonly [N in RouteName]: Handler<N> };
