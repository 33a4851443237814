/**
 * Which members of an event are personal, and how an event is split into the entry of the log, which is for ever, and the
 * personal members beside it, which can be erased. Browser-safe, and free of zod: a run's writer loads it.
 */
import type { Event, EventOf } from "./events.ts";
import type { NewEvent } from "./log-types.ts";

/**
 * What is personal in a value of type T, each with what readers get once it is erased: `""` and `[]` where the member must be
 * there, `null` where it may be absent. `[FORM]` is a list of which only the elements' own members are personal.
 */
type PersonalOf<T> = T extends string
  ? ""
  : T extends readonly (infer E)[]
    ? readonly [] | readonly [PersonalOf<E>]
    : T extends object
      ? { readonly [K in keyof T]?: PersonalOf<T[K]> | null }
      : never;

const decision = { reason: "", instead: null, failure: null } as const;
const argv = { values: [], whole: null } as const;
/** Of every event: the file with the whole of it, when it was cut. */
const any = { whole: null } as const;
const exec = { ...any, asked: "", program: { path: "" }, also: [{ path: "" }], argv, cwd: "", decision } as const;

const digested = { digest: null, text: null } as const;

const request = { ...any, host: "", method: "", path: "", query: [], decision } as const;

/**
 * The one table. A member that says who somebody is, what they work on or with whom they talk belongs in here. Not in here: ids,
 * times, counts, outcomes, the names of agents, profiles and policies, digests of programs and policies, and who erased or rotated.
 * An event type does not compile without its row.
 */
export const PERSONAL: { readonly [T in Event["type"]]: PersonalOf<Omit<EventOf<T>, "v" | "run" | "type" | "at">> } = {
  "run.started": { ...any, name: null, user: "", hostname: "", labels: null, command: argv, workspace: "" },
  "exec.allowed": exec,
  "exec.refused": exec,
  "exec.ended": any,
  approval: { ...any, by: "", about: null },
  "exec.tampered": { ...any, detail: "" },
  "host.refused": { ...any, host: "", decision },
  "connection.opened": { ...any, host: "", address: "", decision },
  "connection.closed": { ...any, error: null },
  "request.sent": request,
  "request.refused": request,
  "request.ended": { ...any, error: null },
  "credential.misused": { ...any, host: "", where: "" },
  // A model's name is as an agent's; a tool's says what is worked on.
  "tool.called": { ...any, tool: "", input: "", digest: null },
  "model.called": { ...any, prompt: digested, output: digested, sent: digested, received: digested },
  "budget.spent": { ...any, by: null },
  "leak.found": { ...any, host: "", what: "", sample: "", decision },
  "files.changed": { ...any, paths: [] },
  "protection.renewed": { ...any, path: "" },
  "record.witnessed": { ...any, missing: [{ reason: "" }] },
  "run.frozen": { ...any, reason: "" },
  "recording.opened": any,
  // A digest of a short recording would say what is in it to whoever tries what may be.
  "recording.grown": { ...any, digest: null },
  "recording.closed": { ...any, digest: null },
  "run.ended": any,
  "run.erased": any,
  "key.rotated": any,
};

/** Events that are not of a run but of the log itself stand under this id, which no run has. */
export const LOG_ITSELF = "0".repeat(26);

/** A JSON object, or what is left of one. */
export type Members = Readonly<Record<string, unknown>>;

/** `personal` is undefined when the event has nothing personal. */
export interface SplitEvent {
  readonly open: Members;
  readonly personal: Members | undefined;
}

/** @param event its members in the order in which they are to stand in the entry */
export function splitEvent(type: NewEvent["type"], event: Members): SplitEvent {
  const open: Record<string, unknown> = {};
  const personal = separate(event, PERSONAL[type], open);
  return { open, personal };
}

/** Puts what is not personal into `open`, and gives the rest. */
function separate(value: Members, form: Members, open: Record<string, unknown>): Members | undefined {
  let personal: Record<string, unknown> | undefined;
  for (const name in value) {
    const member = value[name];
    const inner = form[name];
    if (inner === undefined) open[name] = member;
    else if (member === undefined) continue;
    else if (isLeaf(inner)) (personal ??= {})[name] = member;
    else {
      const [left, taken] = Array.isArray(inner) ? separateList(member, inner[0]) : separateObject(member, inner);
      if (left !== undefined) open[name] = left;
      if (taken !== undefined) (personal ??= {})[name] = taken;
    }
  }
  return personal;
}

/** What does not have the form that the table says is personal as a whole. */
function separateObject(value: unknown, form: unknown): [Members | undefined, unknown] {
  if (!isMembers(value) || !isMembers(form)) return [undefined, value];
  const open: Record<string, unknown> = {};
  const personal = separate(value, form, open);
  return [isEmpty(open) ? undefined : open, personal];
}

function separateList(values: unknown, form: unknown): [unknown[] | undefined, unknown] {
  if (!Array.isArray(values)) return [undefined, values];
  const pairs = values.map((value: unknown) => separateObject(value, form));
  return [pairs.map(([open]) => open ?? {}), pairs.map(([, personal]) => personal ?? {})];
}

function isLeaf(form: unknown): form is "" | null | readonly [] {
  return form === "" || form === null || (Array.isArray(form) && form.length === 0);
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}

/**
 * The inverse of {@link splitEvent}; what it returns may be `open` itself, which is changed then. What does not fit together is left as it
 * comes: the event's schema refuses it.
 */
export function joinEvent(open: unknown, personal: unknown): unknown {
  if (Array.isArray(open) && Array.isArray(personal)) {
    for (const [index, value] of open.entries()) open[index] = joinEvent(value, personal[index]);
    return open;
  }
  if (!isMembers(open) || !isMembers(personal)) return personal ?? open;
  for (const name in personal) open[name] = name in open ? joinEvent(open[name], personal[name]) : personal[name];
  return open;
}

/** The event as it is read once its personal members are gone. */
export function fillErased(open: Members, type: Event["type"]): Members {
  return fill(open, PERSONAL[type]);
}

function fill(open: Members, form: Members): Members {
  const filled: Record<string, unknown> = { ...open };
  for (const [name, inner] of Object.entries(form)) {
    if (inner === null) continue;
    const member = open[name];
    if (isLeaf(inner)) filled[name] = inner;
    else if (isMembers(inner)) {
      const object = fill(isMembers(member) ? member : {}, inner);
      // One of which nothing is left, and nothing must be there, may not have been there either.
      if (member !== undefined || !isEmpty(object)) filled[name] = object;
    } else if (Array.isArray(inner) && Array.isArray(member))
      filled[name] = member.map((each) => fillElement(each, inner[0]));
  }
  return filled;
}

function fillElement(element: unknown, form: unknown): unknown {
  return isMembers(element) && isMembers(form) ? fill(element, form) : element;
}

export function isMembers(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
