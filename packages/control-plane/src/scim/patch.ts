/**
 * PATCH (RFC 7644, 3.5.2), and what directories send that is not quite it: operations in capitals, names in any case, an object without a
 * path whose names are paths, what is to be removed as a value. Only attributes of the one table are ever written to.
 */
import { z } from "zod";
import {
  attributeOf,
  keepValue,
  malformed,
  shapeOf,
  subAttributeOf,
  URN,
  type Attributes,
  type Kind,
} from "./attributes.ts";
import { parseFilter, type Term } from "./filter.ts";

const message = z.object({
  schemas: z.array(z.string()).refine((schemas) => schemas.includes("urn:ietf:params:scim:api:messages:2.0:PatchOp")),
  Operations: z
    .array(
      z.object({
        op: z
          .string()
          .transform((op) => op.toLowerCase())
          .pipe(z.enum(["add", "replace", "remove"])),
        path: z.string().max(1_000).optional(),
        value: z.unknown().optional(),
      }),
    )
    .min(1)
    .max(1_000),
});

type Operation = z.output<typeof message>["Operations"][number];
type Element = Record<string, unknown>;

/** Where in a resource: `emails[type eq "work"].value`. */
interface Target {
  readonly attribute: string;
  readonly filter: readonly Term[];
  readonly sub: string | undefined;
}

/** @param before attributes as this server writes them @returns those after all operations @throws ServerError SERVER_MALFORMED, SERVER_FILTER_INVALID */
export function applyPatch(kind: Kind, before: Attributes, body: unknown): Attributes {
  const parsed = message.safeParse(body);
  if (!parsed.success) throw malformed("the request is no PatchOp with operations that add, replace or remove");
  const resource = structuredClone({ ...before });
  for (const { op, path, value } of parsed.data.Operations) {
    if (path !== undefined) {
      apply(kind, resource, { op, path, value });
      continue;
    }
    if (op === "remove" || typeof value !== "object" || value === null || Array.isArray(value)) {
      throw malformed("an operation without a path adds or replaces the members of an object");
    }
    for (const [name, member] of Object.entries(value)) apply(kind, resource, { op, path: name, value: member });
  }
  return resource;
}

function apply(kind: Kind, resource: Element, { op, path, value }: Operation & { readonly path: string }): void {
  const target = targetOf(kind, path);
  // Of what is not kept nothing changes: directories send all that they know.
  if (target === undefined) return;
  const { attribute, filter, sub } = target;
  const shape = shapeOf(kind, attribute);
  // Null says that it is not to be there (RFC 7643, 2.5).
  const removes = op === "remove" || value === null;
  if (shape === "many") {
    const elements = elementsOf(resource[attribute]);
    const given = removes && value === null ? undefined : value;
    const next =
      filter.length === 0 && sub === undefined
        ? changeAll(kind, attribute, elements, { op: removes ? "remove" : op, value: given })
        : changeMatching(kind, target, elements, { op: removes ? "remove" : op, value });
    resource[attribute] = next;
    return;
  }
  if (filter.length > 0) throw malformed(`there is only one \`${attribute}\`, and nothing to choose`);
  if (shape === "one" || sub === undefined) {
    if (removes) Reflect.deleteProperty(resource, attribute);
    else if (shape !== "one" && op === "add") {
      resource[attribute] = { ...asObject(resource[attribute]), ...asObject(keepValue(kind, attribute, value)) };
    } else resource[attribute] = keepValue(kind, attribute, value);
    return;
  }
  const members = asObject(resource[attribute]);
  if (removes) Reflect.deleteProperty(members, sub);
  else members[sub] = value;
  resource[attribute] = members;
}

interface Change {
  readonly op: Operation["op"];
  readonly value: unknown;
}

function changeAll(kind: Kind, attribute: string, elements: readonly Element[], { op, value }: Change): Element[] {
  const given = value === undefined ? undefined : elementsOf(keepValue(kind, attribute, value));
  if (op === "replace") return unique(given ?? []);
  if (op === "add") return unique([...elements, ...(given ?? [])]);
  // Without a value all of them; with one just those: whoever takes one member out must not empty the group.
  const leaving = new Set(given?.map((each) => each["value"]));
  return given === undefined ? [] : elements.filter((each) => !leaving.has(each["value"]));
}

function changeMatching(
  kind: Kind,
  { attribute, filter, sub }: Target,
  elements: readonly Element[],
  { op, value }: Change,
): Element[] {
  const matches = (element: Element): boolean =>
    filter.every(({ path, value: wanted }) => {
      const name = subAttributeOf(kind, attribute, path);
      return name !== undefined && isSame(element[name], wanted);
    });
  if (op === "remove") {
    if (sub === undefined) return elements.filter((element) => !matches(element));
    return elements.map(({ [sub]: was, ...others }) =>
      matches({ ...others, [sub]: was }) || was === undefined ? others : { ...others, [sub]: was },
    );
  }
  const change = sub === undefined ? asObject(elementsOf(keepValue(kind, attribute, value))[0]) : { [sub]: value };
  if (elements.some(matches)) return elements.map((each) => (matches(each) ? { ...each, ...change } : each));
  // There is none yet: one is made that the filter finds.
  const made: Element = {};
  for (const { path, value: wanted } of filter) {
    const name = subAttributeOf(kind, attribute, path);
    if (name !== undefined) made[name] = wanted;
  }
  return unique([...elements, { ...made, ...change }]);
}

const PATH = /^([A-Za-z$][\w$-]*)(?:\[(.{1,900})\])?(?:\.([A-Za-z$][\w$-]*))?$/;

/** Undefined: something that is not kept. @throws ServerError SERVER_MALFORMED, SERVER_FILTER_INVALID */
function targetOf(kind: Kind, written: string): Target | undefined {
  const prefix = `${URN[kind]}:`.toLowerCase();
  const path = written.toLowerCase().startsWith(prefix) ? written.slice(prefix.length) : written;
  if (/^urn:/i.test(path)) return undefined;
  const [whole, name = "", filter, member] = PATH.exec(path) ?? [];
  if (whole === undefined) throw malformed("a path is not of the form `attribute[filter].member`");
  const attribute = attributeOf(kind, name);
  if (attribute === undefined) return undefined;
  const sub = member === undefined ? undefined : subAttributeOf(kind, attribute, member);
  if (member !== undefined && sub === undefined) return undefined;
  return { attribute, filter: filter === undefined ? [] : parseFilter(filter), sub };
}

/** Texts alone are values; of two with one value the later counts. */
function elementsOf(value: unknown): Element[] {
  if (value === undefined) return [];
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.map((each) => (typeof each === "object" && each !== null ? { ...each } : { value: each }));
}

function unique(elements: readonly Element[]): Element[] {
  return [...new Map(elements.map((each) => [each["value"], each])).values()];
}

function isSame(has: unknown, wanted: Term["value"]): boolean {
  if (typeof has === "string" && typeof wanted === "string") return has.toLowerCase() === wanted.toLowerCase();
  return has === wanted;
}

function asObject(value: unknown): Element {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
