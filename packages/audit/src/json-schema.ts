import { z } from "zod";
import { eventSchema } from "./events.ts";
import { isMembers, PERSONAL } from "./personal.ts";

export function eventJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(eventSchema),
    title: "Bailiwick event, version 1",
    description: "What readers get of one entry of the log: one JSON object in UTF-8.",
  };
}

const privateDigest = {
  type: "string",
  pattern: "^sha256:[0-9a-f]{64}$",
  description:
    "SHA-256 over 32 bytes of salt and the personal members, which lie beside the log until they are erased.",
};

/** Derived from the event's by the table of what is personal. */
export function entryJsonSchema(): Record<string, unknown> {
  const { oneOf, ...schema } = eventJsonSchema();
  const forms = Array.isArray(oneOf) ? oneOf : [];
  return {
    ...schema,
    oneOf: forms.map((form: unknown) => entryForm(form)),
    title: "Bailiwick entry, version 1",
    description:
      "The payload of one entry of the log: an event without its personal members, one JSON object in UTF-8.",
  };
}

function entryForm(form: unknown): unknown {
  const type = member(member(member(form, "properties"), "type"), "const");
  const personal = Object.entries(PERSONAL).find(([name]) => name === type)?.[1];
  const open = withoutPersonal(form, personal);
  if (!isMembers(open) || !isMembers(open["properties"])) return open;
  return { ...open, properties: { ...open["properties"], private: privateDigest } };
}

/** A form without its personal members; undefined when nothing is left of it. */
function withoutPersonal(form: unknown, personal: unknown): unknown {
  if (!isMembers(form)) return form;
  if (Array.isArray(personal) && personal.length > 0) {
    const items = withoutPersonal(form["items"], personal[0]);
    return items === undefined ? undefined : { ...form, items };
  }
  const { properties, required } = form;
  if (!isMembers(personal) || !isMembers(properties)) return undefined;
  const kept = Object.entries(properties)
    .map(([name, inner]) => [name, name in personal ? withoutPersonal(inner, personal[name]) : inner] as const)
    .filter(([, inner]) => inner !== undefined);
  if (kept.length === 0) return undefined;
  const names = new Set(kept.map(([name]) => name));
  const still = Array.isArray(required) ? required.filter((name) => names.has(String(name))) : undefined;
  return { ...form, properties: Object.fromEntries(kept), ...(still && { required: still }) };
}

function member(value: unknown, name: string): unknown {
  return isMembers(value) ? value[name] : undefined;
}
