import { toWellFormed } from "@bailiwick/base";
import { Arguments } from "./arguments.ts";
import { entityKey, type Entities, type EntityKey, type EntityWithParents, type Subject } from "./subject.ts";

/** What a context attribute can hold. */
export type Fact = string | number | boolean | ReadonlySet<string>;

/** How soon the value of an attribute changes: with the program or host, with the request, or with the moment. */
export type Steadiness = "program" | "request" | "moment";

/** Every context attribute of the schema, for the actions that have it; a test compares the two. */
export const ATTRIBUTES: Readonly<
  Record<string, { readonly steadiness: Steadiness; readonly on: "exec" | "connect" | "both" }>
> = {
  argv0: { steadiness: "request", on: "exec" },
  line: { steadiness: "request", on: "exec" },
  args: { steadiness: "request", on: "exec" },
  verb: { steadiness: "request", on: "exec" },
  flags: { steadiness: "request", on: "exec" },
  operands: { steadiness: "request", on: "exec" },
  operandCount: { steadiness: "request", on: "exec" },
  words: { steadiness: "request", on: "exec" },
  settings: { steadiness: "request", on: "exec" },
  paths: { steadiness: "request", on: "exec" },
  pathParts: { steadiness: "request", on: "exec" },
  places: { steadiness: "request", on: "exec" },
  path: { steadiness: "program", on: "exec" },
  digest: { steadiness: "program", on: "exec" },
  inWorkspace: { steadiness: "program", on: "exec" },
  cwd: { steadiness: "request", on: "exec" },
  host: { steadiness: "program", on: "connect" },
  port: { steadiness: "request", on: "connect" },
  profile: { steadiness: "program", on: "both" },
  // Alone it makes nothing less steady: an approved decision is never repeated anyway.
  approved: { steadiness: "program", on: "both" },
  labels: { steadiness: "moment", on: "both" },
  time: { steadiness: "moment", on: "both" },
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

  /** @param shared facts about the same subject, whose arguments need not be read again */
  constructor(subject: Subject, entities: Entities, approved: boolean, shared?: Facts) {
    this.subject = subject;
    this.entities = entities;
    this.approved = approved;
    this.#arguments = shared === undefined ? argumentsOf(subject) : shared.#arguments;
  }

  /** UTF-16 units of what the requester chose the length of. */
  get size(): number {
    return this.#arguments?.size ?? 0;
  }

  has(attribute: string): boolean {
    const on = Object.hasOwn(ATTRIBUTES, attribute) ? ATTRIBUTES[attribute]?.on : undefined;
    return on === "both" || on === this.subject.action;
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
        return new Set(request.labels.map(toWellFormed));
      case "time":
        return request.timeMs;
      case "host":
        return request.action === "connect" ? toWellFormed(request.host) : undefined;
      case "port":
        return request.action === "connect" ? request.port : undefined;
      case "cwd":
        return request.action === "exec" ? toWellFormed(request.cwd) : undefined;
      case "path":
        return link === undefined ? undefined : toWellFormed(link.program.path);
      case "digest":
        return link?.program.digest;
      case "inWorkspace":
        return link?.program.inWorkspace;
    }
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
