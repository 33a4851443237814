import { toWellFormed } from "@bailiwick/base";
import { Arguments } from "./arguments.ts";
import { HttpFacts } from "./http-facts.ts";
import {
  entityKey,
  type ActionName,
  type Entities,
  type EntityKey,
  type EntityWithParents,
  type Subject,
} from "./subject.ts";

/** What a context attribute can hold. */
export type Fact = SimpleFact | RecordFact;
export type SimpleFact = string | number | boolean | ReadonlySet<string>;
/** Members that policies ask for one by one: `context.leak.kinds`. */
export type RecordFact = Readonly<Record<string, string | boolean | readonly string[]>>;

export function isSet(value: unknown): value is ReadonlySet<string> {
  return value instanceof Set;
}

/** How soon the value of an attribute changes: with the program or host, with the request, or with the moment. */
export type Steadiness = "program" | "request" | "moment";

const EXEC: readonly ActionName[] = ["exec"];
const HTTP: readonly ActionName[] = ["httpRequest"];
const HOST: readonly ActionName[] = ["connect", "httpRequest"];
const ALL: readonly ActionName[] = ["exec", "connect", "httpRequest"];

/** Every context attribute of the schema, for the actions that have it; a test compares the two. */
export const ATTRIBUTES: Readonly<
  Record<string, { readonly steadiness: Steadiness; readonly on: readonly ActionName[] }>
> = {
  argv0: { steadiness: "request", on: EXEC },
  line: { steadiness: "request", on: EXEC },
  args: { steadiness: "request", on: EXEC },
  verb: { steadiness: "request", on: EXEC },
  flags: { steadiness: "request", on: EXEC },
  operands: { steadiness: "request", on: EXEC },
  operandCount: { steadiness: "request", on: EXEC },
  words: { steadiness: "request", on: EXEC },
  settings: { steadiness: "request", on: EXEC },
  paths: { steadiness: "request", on: EXEC },
  pathParts: { steadiness: "request", on: EXEC },
  places: { steadiness: "request", on: EXEC },
  path: { steadiness: "program", on: EXEC },
  digest: { steadiness: "program", on: EXEC },
  inWorkspace: { steadiness: "program", on: EXEC },
  cwd: { steadiness: "request", on: EXEC },
  host: { steadiness: "program", on: HOST },
  port: { steadiness: "request", on: HOST },
  secure: { steadiness: "request", on: HTTP },
  method: { steadiness: "request", on: HTTP },
  urlPath: { steadiness: "request", on: HTTP },
  first: { steadiness: "request", on: HTTP },
  second: { steadiness: "request", on: HTTP },
  third: { steadiness: "request", on: HTTP },
  fourth: { steadiness: "request", on: HTTP },
  last: { steadiness: "request", on: HTTP },
  depth: { steadiness: "request", on: HTTP },
  segments: { steadiness: "request", on: HTTP },
  query: { steadiness: "request", on: HTTP },
  headerNames: { steadiness: "request", on: HTTP },
  headers: { steadiness: "request", on: HTTP },
  contentType: { steadiness: "request", on: HTTP },
  sizeBytes: { steadiness: "request", on: HTTP },
  credential: { steadiness: "request", on: HTTP },
  program: { steadiness: "request", on: HTTP },
  leak: { steadiness: "request", on: HOST },
  profile: { steadiness: "program", on: ALL },
  // Alone it makes nothing less steady: an approved decision is never repeated anyway.
  approved: { steadiness: "program", on: ALL },
  labels: { steadiness: "program", on: ALL },
  time: { steadiness: "moment", on: ALL },
};

/** The facts of one subject as conditions see them. */
export class Facts {
  readonly subject: Subject;
  readonly entities: Entities;
  readonly approved: boolean;
  /** Attributes that have been asked for, so that a decision knows what it depends on. */
  readonly asked = new Set<string>();
  readonly #values = new Map<string, Fact>();
  readonly #arguments: Arguments | undefined;
  readonly #http: HttpFacts | undefined;

  /** @param shared facts about the same subject, whose arguments need not be read again */
  constructor(subject: Subject, entities: Entities, approved: boolean, shared?: Facts) {
    this.subject = subject;
    this.entities = entities;
    this.approved = approved;
    this.#arguments = shared === undefined ? argumentsOf(subject) : shared.#arguments;
    this.#http = httpOf(subject);
  }

  /** UTF-16 units of what the requester chose the length of. */
  get size(): number {
    return this.#arguments?.size ?? this.#http?.size ?? 0;
  }

  has(attribute: string): boolean {
    const on = Object.hasOwn(ATTRIBUTES, attribute) ? ATTRIBUTES[attribute]?.on : undefined;
    return on?.includes(this.subject.action) === true;
  }

  get(attribute: string): Fact | undefined {
    this.asked.add(attribute);
    const known = this.#values.get(attribute);
    if (known !== undefined) return known;
    const value = this.has(attribute) ? this.#compute(attribute) : undefined;
    if (value !== undefined) this.#values.set(attribute, value);
    return value;
  }

  entity(variable: string): EntityWithParents | undefined {
    if (variable === "principal") return this.entities.principal;
    if (variable === "resource") return this.entities.resource;
    return undefined;
  }

  isIn(variable: string, key: EntityKey): boolean | undefined {
    if (variable === "action") return key === actionKey(this.subject.action);
    return this.entity(variable)?.ancestors.has(key);
  }

  isSame(variable: string, key: EntityKey): boolean | undefined {
    if (variable === "action") return key === actionKey(this.subject.action);
    const found = this.entity(variable);
    return found === undefined ? undefined : entityKey(found) === key;
  }

  #compute(attribute: string): Fact | undefined {
    const { request, link } = this.subject;
    switch (attribute) {
      case "profile":
        return toWellFormed(request.run.profile);
      case "approved":
        return this.approved;
      case "labels":
        return new Set(request.run.labels.map(toWellFormed));
      case "time":
        return request.timeMs;
      case "host":
        return request.action === "exec" ? undefined : toWellFormed(request.host);
      case "port":
        return request.action === "exec" ? undefined : request.port;
      case "leak":
        return request.action === "exec"
          ? undefined
          : { kinds: request.leak.kinds.map(toWellFormed), toModel: request.leak.toModel };
      case "cwd":
        return request.action === "exec" ? toWellFormed(request.cwd) : undefined;
      case "path":
        return link === undefined ? undefined : toWellFormed(link.program.path);
      case "digest":
        return link?.program.digest;
      case "inWorkspace":
        return link?.program.inWorkspace;
    }
    if (this.#http !== undefined) return this.#http.get(attribute);
    return this.#arguments === undefined ? undefined : argumentFact(this.#arguments, attribute);
  }
}

function argumentFact(facts: Arguments, attribute: string): Fact | undefined {
  switch (attribute) {
    case "argv0":
      return facts.argv[0] ?? "";
    case "line":
      return facts.line();
    case "args":
      return facts.args();
    case "verb":
      return facts.verb();
    case "flags":
      return facts.flags();
    case "operands":
      return facts.operands();
    case "operandCount":
      return facts.operandCount();
    case "words":
      return facts.words();
    case "settings":
      return facts.settings();
    case "paths":
      return facts.paths();
    case "pathParts":
      return facts.pathParts();
    case "places":
      return facts.places();
  }
  return undefined;
}

function argumentsOf(subject: Subject): Arguments | undefined {
  const { request, link } = subject;
  if (request.action !== "exec" || link === undefined) return undefined;
  return new Arguments(link.argv.map(toWellFormed), {
    names: link.program.names,
    cwd: toWellFormed(request.cwd),
    workspace: toWellFormed(request.run.project),
  });
}

function httpOf({ request, path }: Subject): HttpFacts | undefined {
  return request.action === "httpRequest" && path !== undefined ? new HttpFacts(request, path) : undefined;
}

/** What is known of a subject before its arguments are looked at: what holds for every request about this program or host. */
export class SteadyFacts extends Facts {
  override get(attribute: string): Fact | undefined {
    const steady = Object.hasOwn(ATTRIBUTES, attribute) && ATTRIBUTES[attribute]?.steadiness === "program";
    return steady && attribute !== "approved" ? super.get(attribute) : undefined;
  }
}

function actionKey(action: string): EntityKey {
  return entityKey({ type: "Action", id: action });
}
