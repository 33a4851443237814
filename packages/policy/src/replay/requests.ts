import { lastComponent } from "../request/arguments.ts";
import { httpRequestFor, NO_LEAK } from "../request/http-request.ts";
import type { DecisionRequest, ExecLink, RunFacts } from "../types.ts";
import type { RecordedDecision, RecordedEvent } from "./recorded.ts";

/** One decision of the record, as it can be asked for again. */
export interface RecordedQuestion {
  readonly request: DecisionRequest;
  /** `git push --force`, `api.example.com:443`, `PUT npm.example.com/x`. */
  readonly what: string;
  readonly decision: RecordedDecision;
  readonly run: string;
  readonly at: number;
}

/** Why a decision of the record is not asked for again. */
export type Skipped =
  /** The profile refused it, and policies were never asked. */
  | "profile"
  /** The arguments were too long for the record, or the run's beginning or personal members are gone. */
  | "incomplete";

interface Known {
  readonly facts: RunFacts;
  readonly policyDigest: string;
}

/**
 * Turns events, in the order of the record, into the requests that were decided. What the record does not hold is taken as it usually is: the words of an
 * interpreter are its path, the script and the script's arguments; a request has no headers and no declared length, and is over TLS except at port 80.
 * A program goes by its path's names and by those that files with the same digest had before.
 */
export class RecordedRequests {
  readonly #runs = new Map<string, Known>();
  readonly #names = new Map<string, Set<string>>();

  /** Undefined for an event that holds no decision of a policy. */
  take(event: RecordedEvent): RecordedQuestion | Skipped | undefined {
    if (event.type === "run.started") {
      const { run: runId, user, agent, workspace: project, profile, labels = [] } = event;
      this.#runs.set(runId, {
        facts: { runId, user, agent, project, profile: profile.name, labels },
        policyDigest: event.policyDigest,
      });
      return undefined;
    }
    const known = this.#runs.get(event.run);
    if (known === undefined) return "incomplete";
    if (event.decision.policyDigest !== known.policyDigest) return "profile";
    const question = this.#questionOf(event, known.facts);
    return question === undefined
      ? "incomplete"
      : { ...question, decision: event.decision, run: event.run, at: event.at };
  }

  #questionOf(
    event: Exclude<RecordedEvent, { type: "run.started" }>,
    run: RunFacts,
  ): Pick<RecordedQuestion, "request" | "what"> | undefined {
    const moment = { run, timeMs: Math.floor(event.at), approved: false };
    switch (event.type) {
      case "exec.allowed":
      case "exec.refused": {
        const { values, whole } = event.argv;
        if (whole !== undefined || values.length === 0) return undefined;
        const request = {
          ...moment,
          action: "exec" as const,
          links: this.#linksOf(event, run.project),
          cwd: event.cwd,
        };
        return { request, what: values.join(" ") };
      }
      case "host.refused":
      case "connection.opened": {
        const { host, port } = event;
        if (host === "") return undefined;
        return {
          request: { ...moment, action: "connect", host, port, leak: NO_LEAK },
          what: `${host}:${String(port)}`,
        };
      }
      case "request.sent":
      case "request.refused": {
        const request = requestOf(event, run);
        return request && { request, what: `${event.method} ${event.host}${event.path}` };
      }
    }
  }

  #linksOf(event: ExecEvent, workspace: string): ExecLink[] {
    const [first = "", ...rest] = event.argv.values;
    return [event.program, ...(event.also ?? [])].map(({ path, digest }, index) => {
      const memfd = path.startsWith("memfd:");
      const names = this.#namesOf(
        digest,
        index === 0 ? [lastComponent(event.asked), lastComponent(path)] : [lastComponent(path)],
      );
      const inWorkspace = memfd || path === workspace || path.startsWith(`${workspace}/`);
      const argv = index === 0 ? [first, ...rest] : [path, event.program.path, ...rest];
      return { program: { path, names, digest, memfd, inWorkspace }, argv };
    });
  }

  #namesOf(digest: string, own: readonly string[]): string[] {
    const names = this.#names.get(digest) ?? new Set<string>();
    this.#names.set(digest, names);
    for (const name of own) if (name !== "") names.add(name);
    return [...names];
  }
}

type ExecEvent = Extract<RecordedEvent, { type: "exec.allowed" | "exec.refused" }>;
type RequestEvent = Extract<RecordedEvent, { type: "request.sent" | "request.refused" }>;

function requestOf(
  { host, port, method, path, query, credential, at }: RequestEvent,
  run: RunFacts,
): DecisionRequest | undefined {
  if (method === "" || host === "") return undefined; // it could not be read, which no policy decides about
  const target = query.length === 0 ? path : `${path}?${query.map((name) => `${encodeURIComponent(name)}=`).join("&")}`;
  const sent = {
    host,
    port,
    secure: port !== 80,
    method,
    target,
    headers: [],
    sizeBytes: -1,
    credential: credential ?? "",
    program: "",
  };
  const request = httpRequestFor(run, sent, Math.floor(at));
  return "unreadable" in request ? undefined : request;
}
