import { toWellFormed } from "@bailiwick/base";
import type { DecisionRequest, ExecLink, ProgramFacts } from "../types.ts";
import { lastComponent } from "./arguments.ts";

/** An entity's name in this package's own maps: type, space, id. Types have no spaces. */
export type EntityKey = string;

export interface Entity {
  readonly type: string;
  readonly id: string;
}

export type ActionName = DecisionRequest["action"];

/** One thing to decide about: a connect, one link of an exec, or one reading of an HTTP request. */
export interface Subject {
  readonly action: ActionName;
  readonly request: DecisionRequest;
  /** The link that is judged; `undefined` for all but an exec. */
  readonly link: ExecLink | undefined;
  /** The segments of the reading that is judged; `undefined` for all but an HTTP request. */
  readonly path?: readonly string[];
  /** Whether the arguments choose what really runs, so that no decision holds for every argument vector. */
  readonly dispatched: boolean;
}

export interface EntityWithParents extends Entity {
  readonly parents: readonly Entity[];
  /** Itself and its parents: what `in` finds. */
  readonly ancestors: ReadonlySet<EntityKey>;
}

/** Who asks, and about what. The same for every request with the same {@link entitiesKey}. */
export interface Entities {
  readonly principal: EntityWithParents;
  readonly resource: EntityWithParents;
}

export function entityKey(entity: Entity): EntityKey {
  return `${entity.type} ${entity.id}`;
}

/** What has to be permitted for a request to be permitted: one subject for a connect, at least one for an exec or an HTTP request. */
export function subjectsOf(request: DecisionRequest): readonly Subject[] {
  if (request.action === "connect") return [{ action: "connect", request, link: undefined, dispatched: false }];
  if (request.action === "httpRequest") {
    return request.paths.map((path) => ({ action: "httpRequest", request, link: undefined, path, dispatched: false }));
  }
  const several = request.links.length > 1;
  return request.links.flatMap((link) => {
    const applet = appletOf(link);
    const dispatched = several || applet !== undefined || link.program.names.some((name) => DISPATCHERS.test(name));
    const links = applet === undefined ? [link] : [link, applet];
    return links.map((each): Subject => ({ action: "exec", request, link: each, dispatched }));
  });
}

/** Everything that entities and steady facts are made of. As JSON, so that no two subjects share a key. */
export function entitiesKey({ request, link }: Subject): string {
  const { runId, user, agent, project, profile, labels } = request.run;
  if (link === undefined) {
    return JSON.stringify([
      runId,
      user,
      agent,
      project,
      profile,
      labels,
      request.action === "exec" ? "" : request.host,
    ]);
  }
  const { path, names, digest, memfd, inWorkspace } = link.program;
  return JSON.stringify([runId, user, agent, project, profile, labels, path, names, digest, memfd, inWorkspace]);
}

export function entitiesOf({ request, link }: Subject): Entities {
  const principal = withParents("Run", request.run.runId, [
    entity("User", request.run.user),
    entity("Agent", request.run.agent),
    entity("Project", request.run.project),
  ]);
  if (request.action !== "exec") {
    return { principal, resource: withParents("Host", request.host, hostGroups(request.host)) };
  }
  if (link === undefined) throw new TypeError("an exec without a link");
  return { principal, resource: withParents("Program", link.program.path, programGroups(link.program)) };
}

/** Programs that are many programs, and dynamic loaders: which one runs is in the arguments. */
const DISPATCHERS = /^(busybox.*|toybox.*|coreutils|ld-linux.*|ld-musl.*|ld\.so.*|ld-[0-9.]+\.so)$/;
const MULTI_CALL = /^(busybox.*|toybox.*|coreutils)$/;

/**
 * `busybox rm -rf /`, and busybox called `rm`, are `rm`: no exec follows that would be judged by itself. Only for these
 * programs does `argv[0]` say anything; elsewhere a caller could put itself into a permitted group with it.
 */
function appletOf(link: ExecLink): ExecLink | undefined {
  if (!link.program.names.some((name) => MULTI_CALL.test(name))) return undefined;
  let argv = [...link.argv];
  while (argv.length > 0 && MULTI_CALL.test(lastComponent(argv[0] ?? ""))) {
    const chosen = /^--coreutils-prog(?:-shebang)?=(.*)$/.exec(argv[1] ?? "")?.[1];
    argv = chosen === undefined ? argv.slice(1) : [chosen, ...argv.slice(2)];
  }
  const name = lastComponent(argv[0] ?? "");
  if (name === "" || name.startsWith("-")) return undefined;
  return { program: { ...link.program, names: [name] }, argv };
}

function programGroups(program: ProgramFacts): readonly Entity[] {
  const names = [...program.names];
  if (program.memfd) names.push("memfd");
  if (program.inWorkspace) names.push("workspace");
  return names.map((name) => entity("ProgramGroup", name));
}

function hostGroups(host: string): readonly Entity[] {
  const labels = host.split(".");
  const isAddress = host.includes(":") || /^[0-9.]+$/.test(host);
  const domains = isAddress ? [] : labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`);
  return [...domains, "profile"].map((name) => entity("HostGroup", name));
}

function entity(type: string, id: string): Entity {
  return { type, id: toWellFormed(id) };
}

function withParents(type: string, id: string, parents: readonly Entity[]): EntityWithParents {
  const self = entity(type, id);
  const distinct = [...new Map(parents.map((parent) => [entityKey(parent), parent])).values()];
  return { ...self, parents: distinct, ancestors: new Set([self, ...distinct].map(entityKey)) };
}
