/**
 * The usual events as texts: a pattern for an entry and one for its personal members, made from the event's schema and the table of what is
 * personal. What matches both is an event, and nothing has to be parsed for that; what does not may be one all the same. Browser-safe.
 * @see file json-schema.ts, personal.ts
 */
import { eventJsonSchema } from "../json-schema.ts";
import { isMembers, PERSONAL, type Members } from "../personal.ts";
import { BRIEF, isBriefType, type BriefType } from "./facts.ts";

export interface TextForm {
  readonly type: BriefType;
  /** Of the entry, with its `private` or without. */
  readonly entry: RegExp;
  /** Of the personal members; its only group is the list that is in both parts, if it is there. */
  readonly personal: RegExp;
  /** Groups of `entry`, 0 where it has no such: the number that BRIEF names, that list, the call that an exec comes from, and `private`. */
  readonly groups: { readonly id: number; readonly list: number; readonly call: number; readonly private: number };
  /** An event of this type always has personal members. */
  readonly hasPersonal: boolean;
}

/** Where the type begins in an entry: the writer puts version and run before it. */
const TYPE_AT = '{"v":1,"run":"","type":"'.length + 26;

export class TextForms {
  readonly #forms = new Map<string, TextForm>();

  constructor() {
    const { oneOf } = eventJsonSchema();
    for (const form of Array.isArray(oneOf) ? (oneOf as unknown[]) : []) this.#add(form);
  }

  /** The form that an entry must have, by its type. */
  find(entry: string): TextForm | undefined {
    return this.#forms.get(entry.slice(TYPE_AT, entry.indexOf('"', TYPE_AT)));
  }

  #add(form: unknown): void {
    if (!isMembers(form) || !isMembers(form["properties"])) return;
    // As the writer orders them.
    const { v, run, at, ...others } = form["properties"];
    const type = isMembers(others["type"]) ? others["type"]["const"] : undefined;
    if (typeof type !== "string" || !isBriefType(type)) return;
    const ordered = { ...form, properties: { v, run, type: others["type"], at, ...others } };
    const taken: string[] = [];
    const id = BRIEF[type];
    const entry = objectPattern(ordered, PERSONAL[type], { part: "open", take: ["call", ...(id ? [id] : [])], taken });
    const personal = objectPattern(form, PERSONAL[type], { part: "personal", take: [], taken: [] });
    if (entry === undefined || personal === undefined) return;
    const group = (name: string | undefined): number => (name === undefined ? 0 : taken.indexOf(name) + 1);
    const whole = new RegExp(`^${personal}$`);
    this.#forms.set(type, {
      type,
      entry: new RegExp(`^${entry.slice(0, -CLOSE.length)}${PRIVATE}${CLOSE}$`),
      personal: whole,
      groups: { id: group(id), list: group(LIST), call: group("call"), private: taken.length + 1 },
      hasPersonal: !whole.test("{}"),
    });
  }
}

interface Wanted {
  readonly part: "open" | "personal";
  /** Members whose values are groups. */
  readonly take: readonly string[];
  /** The groups so far, in their order. */
  readonly taken: string[];
}

/** The group of a list; no member is called so. */
const LIST = "[]";

const CLOSE = "\\}";
/** The digest of the personal members: the writer puts it last. */
const PRIVATE = '(?:,"private":"(sha256:[0-9a-f]{64})")?';

/** JSON's own (RFC 8259), as far as numbers go that are whole and exact in a double, or a plain fraction. */
const STRING = '"[^"\\\\\\u0000-\\u001f]*(?:\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\\\\u0000-\\u001f]*)*"';
const FRACTION = "(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]{1,20})?";

/** An object without what belongs to the other part; undefined where no pattern says it. */
function objectPattern(form: Members, personal: unknown, wanted: Wanted): string | undefined {
  const { type, properties, required, additionalProperties, ...rest } = form;
  if (type !== "object" || Object.keys(rest).length > 0 || additionalProperties !== false) return undefined;
  if (!isMembers(properties) || !isMembers(personal)) return undefined;
  let members = "";
  // Between members stands a comma, and none before the first.
  let comma = "(?:(?<=\\{)|(?<!\\{),)";
  for (const [name, inner] of Object.entries(properties)) {
    if (name === "whole") continue; // what was cut is not usual
    if (wanted.take.includes(name)) wanted.taken.push(name);
    const value = memberPattern(inner, name in personal ? personal[name] : undefined, wanted);
    if (value === "elsewhere") continue;
    if (value === undefined) return undefined;
    const isRequired = Array.isArray(required) && required.includes(name);
    if (members === "" && isRequired) comma = "";
    const member = `${comma}"${name}":${wanted.take.includes(name) ? `(${value})` : value}`;
    members += isRequired ? member : `(?:${member})?`;
    if (isRequired) comma = ",";
  }
  return `\\{${members}${CLOSE}`;
}

function memberPattern(form: unknown, personal: unknown, wanted: Wanted): string | undefined {
  if (!isMembers(form)) return undefined;
  const { part } = wanted;
  if (personal === undefined) return part === "open" ? valuePattern(form, wanted) : "elsewhere";
  if (Array.isArray(personal) && personal.length > 0) {
    wanted.taken.push(LIST);
    const items = isMembers(form["items"]) ? objectPattern(form["items"], personal[0], wanted) : undefined;
    return items && `\\[(${items})\\]`;
  }
  if (!isMembers(personal)) return part === "personal" ? valuePattern(form, wanted) : "elsewhere";
  const inner = objectPattern(form, personal, wanted);
  return inner === "\\{\\}" ? "elsewhere" : inner;
}

/** A value of which nothing, or all, is personal. */
function valuePattern(form: Members, wanted: Wanted): string | undefined {
  const { type, ...rest } = form;
  if (Array.isArray(rest["oneOf"]) && type === undefined) return choicePattern(rest, wanted);
  const words = Object.keys(rest).sort().join(" ");
  if (words === "const") return escaped(JSON.stringify(rest["const"]));
  if (words === "enum" && Array.isArray(rest["enum"])) return anyOf(rest["enum"]);
  if (type === "string") return stringPattern(words, rest["pattern"]);
  if (type === "boolean" && words === "") return "(?:true|false)";
  if (type === "array" && words === "items" && isMembers(rest["items"])) return listPattern(rest["items"], wanted);
  if (type === "object") return objectPattern(form, {}, { ...wanted, part: "open" });
  return type === "number" || type === "integer" ? numberPattern(type, rest) : undefined;
}

function anyOf(values: readonly unknown[]): string {
  return `(?:${values.map((value) => escaped(JSON.stringify(value))).join("|")})`;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

/** Of patterns only those are taken over whose every character is written in JSON as itself. */
function stringPattern(words: string, pattern: unknown): string | undefined {
  if (words === "") return STRING;
  const [, inner] = (typeof pattern === "string" ? /^\^([[\]{}a-z0-9:-]+)\$$/.exec(pattern) : null) ?? [];
  return words === "pattern" && inner !== undefined ? `"${inner}"` : undefined;
}

function choicePattern({ oneOf, ...rest }: Members, wanted: Wanted): string | undefined {
  const forms = Array.isArray(oneOf) && Object.keys(rest).length === 0 ? (oneOf as unknown[]) : [];
  const patterns = forms.map((form) => (isMembers(form) ? valuePattern(form, wanted) : undefined));
  return patterns.length === 0 || patterns.includes(undefined) ? undefined : `(?:${patterns.join("|")})`;
}

function listPattern(items: Members, wanted: Wanted): string | undefined {
  const item = valuePattern(items, wanted);
  return item && `\\[(?:${item}(?:,${item})*)?\\]`;
}

/** Numbers that are surely in the range: fewer digits than its end has. */
function numberPattern(type: "number" | "integer", range: Members): string | undefined {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity, ...rest } = range;
  if (typeof minimum !== "number" || typeof maximum !== "number" || typeof exclusiveMinimum !== "number")
    return undefined;
  if (Object.keys(rest).length > 0 || minimum > 0 || exclusiveMinimum > 0 || maximum < 10) return undefined;
  const digits = Math.min(15, String(Math.trunc(maximum)).length - 1);
  const natural = `[1-9][0-9]{0,${String(maximum === Infinity ? 14 : digits - 1)}}`;
  if (type === "number") return maximum === Infinity && exclusiveMinimum < 0 ? FRACTION : undefined;
  return exclusiveMinimum === 0 ? natural : `(?:0|${natural})`;
}
