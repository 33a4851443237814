import { z } from "zod";
import { eventSchema } from "./events.ts";
import { PERSONAL } from "./personal.ts";

export function eventJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(eventSchema),
    title: "Bailiwick event, version 1",
    description: "What readers get of one entry of the log: one JSON object in UTF-8.",
  };
}

/** An object of a JSON Schema, as far as events use it. */
interface ObjectForm {
  readonly properties: Record<string, Form>;
  required?: string[];
}

interface Form {
  readonly items?: Form;
  readonly properties?: Record<string, Form>;
  required?: string[];
}

/** Derived from the event's by the table of what is personal. */
export function entryJsonSchema(): Record<string, unknown> {
  const schema = eventJsonSchema();
  const forms = z.toJSONSchema(eventSchema).oneOf as unknown as (ObjectForm & {
    properties: { type: { const: keyof typeof PERSONAL } };
  })[];
  for (const form of forms) {
    takeOut(form, PERSONAL[form.properties.type.const]);
    form.properties["private"] = {
      type: "string",
      pattern: "^sha256:[0-9a-f]{64}$",
      description:
        "SHA-256 over 32 bytes of salt and the personal members, which lie beside the log until they are erased.",
    } as Form;
  }
  return {
    ...schema,
    oneOf: forms,
    title: "Bailiwick entry, version 1",
    description:
      "The payload of one entry of the log: an event without its personal members, one JSON object in UTF-8.",
  };
}

/** Takes the personal members out of a form; an object of which nothing is left may be absent. */
function takeOut(form: Form, personal: object): void {
  const { properties = {} } = form;
  const gone = new Set<string>();
  for (const [name, inner] of Object.entries(personal as Record<string, unknown>)) {
    const member = properties[name];
    if (member === undefined) continue;
    const isLeaf = typeof inner !== "object" || inner === null || (Array.isArray(inner) && inner.length === 0);
    if (!isLeaf) {
      const [nested, nestedForm] = Array.isArray(inner) ? [member.items ?? {}, inner[0] as object] : [member, inner];
      takeOut(nested, nestedForm);
      if (Object.keys(nested.properties ?? {}).length > 0) continue;
    }
    gone.add(name);
    delete properties[name];
  }
  if (form.required !== undefined) form.required = form.required.filter((name) => !gone.has(name));
}
