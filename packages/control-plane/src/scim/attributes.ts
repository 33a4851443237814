/** Users and groups as directories write them (RFC 7643, 4.1 and 4.2), as far as they are kept; everything else is left out. */
import { z } from "zod";
import { ServerError } from "../../contract/errors.ts";

export type Kind = "User" | "Group";
export type Attributes = Readonly<Record<string, unknown>>;

export const URN: Readonly<Record<Kind, string>> = {
  User: "urn:ietf:params:scim:schemas:core:2.0:User",
  Group: "urn:ietf:params:scim:schemas:core:2.0:Group",
};

/** How each attribute is written, and of what form it is. Names count in any case (RFC 7643, 2.1). */
export const SHAPE = {
  User: {
    userName: "one",
    externalId: "one",
    displayName: "one",
    active: "one",
    name: ["formatted", "familyName", "givenName"],
    emails: "many",
  },
  Group: { displayName: "one", externalId: "one", members: "many" },
} as const satisfies Record<Kind, Record<string, "one" | "many" | readonly string[]>>;
/** Of the elements of what there are many of. */
export const ELEMENT = ["value", "type", "primary"] as const;

/** The attribute that a directory means; undefined: one that is not kept. */
export function attributeOf(kind: Kind, name: string): string | undefined {
  return Object.keys(SHAPE[kind]).find((known) => known.toLowerCase() === name.toLowerCase());
}

export function shapeOf(kind: Kind, attribute: string): "one" | "many" | readonly string[] | undefined {
  const shapes: Readonly<Record<string, "one" | "many" | readonly string[]>> = SHAPE[kind];
  return Object.hasOwn(shapes, attribute) ? shapes[attribute] : undefined;
}

export function subAttributeOf(kind: Kind, attribute: string, name: string): string | undefined {
  const shape = shapeOf(kind, attribute);
  const known: readonly string[] = shape === "many" ? ELEMENT : Array.isArray(shape) ? shape : [];
  return known.find((each) => each.toLowerCase() === name.toLowerCase());
}

/** What of this is kept, its names as this server writes them. Null is as if it were not there (RFC 7643, 2.5). */
export function keepKnown(kind: Kind, given: Attributes): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const attribute = attributeOf(kind, name);
    if (attribute === undefined || value === null) continue;
    kept[attribute] = keepValue(kind, attribute, value);
  }
  return kept;
}

/** A value of one attribute, as {@link keepKnown}. */
export function keepValue(kind: Kind, attribute: string, value: unknown): unknown {
  const shape = shapeOf(kind, attribute);
  if (shape === "one") return value;
  const keep = (each: unknown): unknown => {
    if (typeof each !== "object" || each === null) return each;
    return Object.fromEntries(
      Object.entries(each).flatMap(([name, member]: [string, unknown]) => {
        const known = subAttributeOf(kind, attribute, name);
        return known === undefined || member === null ? [] : [[known, member]];
      }),
    );
  };
  if (shape !== "many") return keep(value);
  return Array.isArray(value) ? value.map(keep) : [keep(value)];
}

const text = z.string().min(1).max(200);
/** Some directories write booleans as text. */
const flag = z.union([
  z.boolean(),
  z
    .string()
    .regex(/^(true|false)$/i)
    .transform((written) => written.toLowerCase() === "true"),
]);
/** Empty is as if it were not there. */
const optional = z
  .string()
  .max(200)
  .optional()
  .transform((written) => (written === "" ? undefined : written));

const userForm = z.object({
  userName: text,
  externalId: optional,
  displayName: optional,
  name: z.object({ formatted: optional, familyName: optional, givenName: optional }).optional(),
  emails: z
    .array(z.object({ value: text, type: optional, primary: flag.optional() }))
    .max(20)
    .default([]),
  /** Absent: as it was. */
  active: flag.optional(),
});
const groupForm = z.object({
  displayName: text,
  externalId: optional,
  members: z
    .array(z.object({ value: text }))
    .max(20_000)
    .default([]),
});

export type UserAttributes = z.output<typeof userForm>;
export type GroupAttributes = z.output<typeof groupForm>;

/** @throws ServerError SERVER_MALFORMED */
export function readUser(given: Attributes): UserAttributes {
  return parse(userForm, keepKnown("User", given));
}

/** @throws ServerError SERVER_MALFORMED */
export function readGroup(given: Attributes): GroupAttributes {
  return parse(groupForm, keepKnown("Group", given));
}

function parse<T extends z.ZodType>(form: T, given: unknown): z.output<T> {
  const parsed = form.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw malformed(`\`${issue?.path.join(".") ?? ""}\`: ${issue?.message ?? "is wrong"}`);
}

export function malformed(why: string): ServerError {
  return new ServerError("SERVER_MALFORMED", why, { remedy: "see RFC 7643 and docs/sign-in.md" });
}
