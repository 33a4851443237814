/** Checks records against what a published version of OCSF says, as tools/ocsf-facts.ts took it from there. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Attribute {
  readonly type: string;
  readonly array?: true;
  readonly required?: true;
  readonly profile?: string;
  readonly enum?: readonly string[];
}
interface Definition {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] };
}
interface Facts {
  readonly version: string;
  readonly types: Readonly<
    Record<
      string,
      { readonly base: string; readonly regex?: string; readonly length?: number; readonly range?: [number, number] }
    >
  >;
  readonly classes: Readonly<
    Record<string, Definition & { readonly category: number; readonly profiles: readonly string[] }>
  >;
  readonly objects: Readonly<Record<string, Definition>>;
}

const folder = join(import.meta.dirname, "../../../tests/vectors/ocsf");

/** They are its publisher's, and not in the repository: tools/ocsf-facts.ts writes them from a clone of the project. */
export function missingFacts(version: string): string | false {
  const path = join(folder, `${version}.json`);
  return existsSync(path)
    ? false
    : `\`${path}\` is missing; write it with \`node tools/ocsf-facts.ts CLONE v${version}\``;
}

export function loadFacts(version: string): Facts {
  return JSON.parse(readFileSync(join(folder, `${version}.json`), "utf8")) as Facts;
}

/** What is wrong with a record, each with where; empty when it is valid. */
export function violations(facts: Facts, record: unknown): string[] {
  const found: string[] = [];
  const members = record as Record<string, unknown>;
  const uid = String(members["class_uid"]);
  const definition = facts.classes[uid];
  if (definition === undefined) return [`there is no class ${uid}`];
  const { version, profiles } = members["metadata"] as { version: string; profiles: string[] };
  if (version !== facts.version) found.push(`metadata.version is ${version}`);
  for (const profile of profiles)
    if (!definition.profiles.includes(profile)) found.push(`class ${uid} has no ${profile}`);
  if (members["category_uid"] !== definition.category) found.push("category_uid is of another class");
  if (members["type_uid"] !== Number(uid) * 100 + Number(members["activity_id"]))
    found.push("type_uid is not class and activity");
  // These are enumerations of one in the published schema, written by its compiler.
  const checked = new Set(["class_uid", "category_uid", "type_uid"]);
  check(definition, members, "");
  return found;

  function check({ attributes, constraints }: Definition, object: Record<string, unknown>, path: string): void {
    for (const [name, attribute] of Object.entries(attributes)) {
      const applies = attribute.profile === undefined || profiles.includes(attribute.profile);
      if (attribute.required && applies && !(name in object)) found.push(`${path}${name} is missing`);
    }
    for (const [name, value] of Object.entries(object)) {
      const attribute = attributes[name];
      if (attribute === undefined) found.push(`${path}${name} is unknown`);
      else if (attribute.profile !== undefined && !profiles.includes(attribute.profile)) {
        found.push(`${path}${name} is of the profile ${attribute.profile}`);
      } else if (path !== "" || !checked.has(name)) checkAttribute(attribute, value, `${path}${name}`);
    }
    const { at_least_one: some } = constraints ?? {};
    if (some !== undefined && !some.some((name) => name in object))
      found.push(`${path} has none of ${some.join(", ")}`);
  }

  function checkAttribute(attribute: Attribute, value: unknown, path: string): void {
    if (attribute.array) {
      if (!Array.isArray(value)) found.push(`${path} is no list`);
      else for (const each of value as unknown[]) checkValue(attribute, each, `${path}[]`);
    } else checkValue(attribute, value, path);
  }

  function checkValue({ type, enum: values }: Attribute, value: unknown, path: string): void {
    const simple = facts.types[type];
    if (simple === undefined) {
      if (typeof value !== "object" || value === null || Array.isArray(value)) found.push(`${path} is no object`);
      else if (type !== "object") {
        const object = facts.objects[type];
        if (object === undefined) found.push(`${path} is of ${type}, which is not checked here`);
        else check(object, value as Record<string, unknown>, `${path}.`);
      }
      return;
    }
    const { base, regex, length, range } = simple;
    if (base === "string_t") {
      if (typeof value !== "string" || value === "") found.push(`${path} is no string, or empty`);
      else if (regex !== undefined && !new RegExp(regex).test(value)) found.push(`${path} is not a ${type}: ${value}`);
      else if (length !== undefined && value.length > length) found.push(`${path} is longer than ${String(length)}`);
      else if (!value.isWellFormed()) found.push(`${path} is not well formed`);
    } else if (base === "integer_t" || base === "long_t") {
      if (!Number.isSafeInteger(value)) found.push(`${path} is no integer: ${String(value)}`);
      else if (range && (Number(value) < range[0] || Number(value) > range[1])) found.push(`${path} is out of range`);
    } else if (base === "boolean_t" && typeof value !== "boolean") found.push(`${path} is no boolean`);
    if (values !== undefined && !values.includes(String(value)))
      found.push(`${path} is none of the enumeration: ${String(value)}`);
  }
}
