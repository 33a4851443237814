import { toWellFormed } from "@bailiwick/base";
import type { ConnectRequest, DecisionRequest, ExecLink, ExecRequest, ProgramFacts } from "../types.ts";
import { lastComponent } from "./arguments.ts";

/** An entity's name in this package's own maps: type, space, id. Types have no spaces. */
export type EntityKey = string;

export interface Entity {
  readonly type: string;
  readonly id: string;
}

/** One principal, action and resource to decide about: a connect, or one link of an exec. */
export interface Subject {
  readonly action: "exec" | "connect";
  readonly principal: EntityWithParents;
  readonly resource: EntityWithParents;
  readonly request: DecisionRequest;
  /** The link that is judged; `undefined` for a connect. */
  readonly link: ExecLink | undefined;
  /** Whether the arguments choose what really runs, so that no decision holds for every argument vector. */
  readonly dispatched: boolean;
}

export interface EntityWithParents extends Entity {
  readonly parents: readonly Entity[];
  /** Itself and its parents: what `in` finds. */
  readonly ancestors: ReadonlySet<EntityKey>;
}

export function entityKey(entity: Entity): EntityKey {
  return `${entity.type} ${entity.id}`;
}

/** What has to be permitted for a request to be permitted: one subject for a connect, at least one for an exec. */
export function subjectsOf(request: DecisionRequest): readonly Subject[] {
  const principal = withParents("Run", request.run.runId, [
    entity("User", request.run.user),
    entity("Agent", request.run.agent),
    entity("Project", request.run.project),
  ]);
  if (request.action === "connect") {
    const resource = withParents("Host", request.host, hostGroups(request));
    return [{ action: "connect", principal, resource, request, link: undefined, dispatched: false }];
  }
  const several = request.links.length > 1;
  return request.links.flatMap((link) => {
    const applet = appletOf(link);
    const dispatched = several || applet !== undefined || DISPATCHERS.test(link.program.names.join("\n"));
    const links = applet === undefined ? [link] : [link, applet];
    return links.map((each) => execSubject(request, each, principal, dispatched));
  });
}

function execSubject(request: ExecRequest, link: ExecLink, principal: EntityWithParents, dispatched: boolean): Subject {
  const resource = withParents("Program", link.program.path, programGroups(link.program));
  return { action: "exec", principal, resource, request, link, dispatched };
}

/** Programs that are many programs, and dynamic loaders: which one runs is in the arguments. */
const DISPATCHERS = /^(busybox.*|toybox.*|coreutils|ld-linux.*|ld-musl.*|ld\.so.*|ld-[0-9.]+\.so)$/m;
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

function hostGroups(request: ConnectRequest): readonly Entity[] {
  const labels = request.host.split(".");
  const isAddress = request.host.includes(":") || /^[0-9.]+$/.test(request.host);
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
