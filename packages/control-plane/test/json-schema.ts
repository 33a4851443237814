/** Values of a JSON Schema, and what of a value is not of one: as much of it (2020-12) as the server's OpenAPI document uses. What else it says fails. */
import fc from "fast-check";

export type Schema = Readonly<Record<string, unknown>>;

const KNOWN = new Set(
  "type properties required additionalProperties minLength maxLength enum pattern format contentEncoding minimum maximum exclusiveMinimum items minItems maxItems anyOf oneOf const default".split(
    " ",
  ),
);

/** Of patterns that nobody makes texts from, one that has it. */
const EXAMPLES: readonly string[] = ["/runs?q=x", "team=payments", "olivia@example.com"];

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function requireKnown(schema: Schema): void {
  const unknown = Object.keys(schema).find((word) => !KNOWN.has(word));
  if (unknown !== undefined) throw new TypeError(`the test does not know \`${unknown}\` of a schema`);
}

const number = (value: unknown, otherwise: number): number => (typeof value === "number" ? value : otherwise);
const schemaOf = (value: unknown): Schema => (isObject(value) ? value : {});
/** One of them has to hold; where it has to be one alone, they differ in a member. */
const choicesOf = ({ anyOf, oneOf }: Schema): readonly unknown[] | undefined => {
  const choices = anyOf ?? oneOf;
  return Array.isArray(choices) ? choices : undefined;
};
const typesOf = ({ type }: Schema): readonly unknown[] => (Array.isArray(type) ? type : [type]);

/** @param known values of what is there, by the names of members: so that some of it is about something */
export function valuesOf(
  schema: Schema,
  known: Readonly<Record<string, readonly unknown[]>>,
  name = "",
): fc.Arbitrary<unknown> {
  requireKnown(schema);
  const there = known[name]?.filter((value) => faultOf(schema, value) === undefined) ?? [];
  const made = makeValues(schema, known, name);
  return there.length === 0 ? made : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...there) }, made);
}

function makeValues(
  schema: Schema,
  known: Readonly<Record<string, readonly unknown[]>>,
  name: string,
): fc.Arbitrary<unknown> {
  if (Array.isArray(schema["enum"])) return fc.constantFrom(...(schema["enum"] as unknown[]));
  if (Object.hasOwn(schema, "const")) return fc.constant(schema["const"]);
  const choices = choicesOf(schema);
  if (choices !== undefined) return fc.oneof(...choices.map((each) => valuesOf(schemaOf(each), known, name)));
  const [type] = typesOf(schema);
  const min = number(schema["minimum"], number(schema["exclusiveMinimum"], -2_147_483_648 - 1) + 1);
  const max = number(schema["maximum"], Number.MAX_SAFE_INTEGER);
  switch (type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.oneof(fc.integer({ min: Math.max(min, -1000), max: Math.min(max, 1000) }), fc.constantFrom(min, max));
    case "number":
      return fc.oneof(fc.double({ min, max, noNaN: true }), fc.constantFrom(min, max));
    case "string":
      return textsOf(schema);
    case "array": {
      const [minLength, most] = [number(schema["minItems"], 0), number(schema["maxItems"], 4)];
      const length = { minLength, maxLength: Math.max(minLength, Math.min(most, 4)) };
      return fc.array(valuesOf(schemaOf(schema["items"]), known, name), length);
    }
    case "object": {
      const properties = Object.entries(schemaOf(schema["properties"]));
      const required = Array.isArray(schema["required"]) ? schema["required"].map(String) : [];
      const members = properties.map(([member, of]) => [member, valuesOf(schemaOf(of), known, member)] as const);
      return fc.record(Object.fromEntries(members), { requiredKeys: required });
    }
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function textsOf(schema: Schema): fc.Arbitrary<string> {
  const minLength = number(schema["minLength"], 0);
  const maxLength = Math.min(number(schema["maxLength"], 200), 200);
  if (schema["format"] === "email") return fc.constant("olivia@example.com");
  if (schema["contentEncoding"] === "base64") return fc.base64String({ maxLength: 60 });
  const { pattern } = schema;
  if (typeof pattern !== "string") return fc.string({ minLength, maxLength, unit: "grapheme" });
  const expression = new RegExp(pattern);
  // Of such a length the pattern alone would hardly ever make one.
  if (minLength > 20 && expression.test("A+/=")) return fc.base64String({ minLength, maxLength });
  const examples = EXAMPLES.filter((text) => expression.test(text));
  try {
    const fits = (text: string): boolean => text.length >= minLength && text.length <= number(schema["maxLength"], 1e9);
    return fc.stringMatching(expression, { size: "small" }).filter(fits);
  } catch (error) {
    if (!(error instanceof Error) || examples.length === 0) throw error;
    return fc.constantFrom(...examples);
  }
}

/** What is not as the schema says, and where; undefined: nothing. */
export function faultOf(schema: Schema, value: unknown, where = "$"): string | undefined {
  requireKnown(schema);
  if (Array.isArray(schema["enum"]) && !(schema["enum"] as unknown[]).includes(value))
    return `${where} is none of the enum`;
  if (Object.hasOwn(schema, "const") && value !== schema["const"]) return `${where} is not what it has to be`;
  const faults = choicesOf(schema)?.map((each) => faultOf(schemaOf(each), value, where));
  if (faults !== undefined) {
    return faults.includes(undefined) ? undefined : faults.join(", or ");
  }
  const types = typesOf(schema);
  if (types[0] !== undefined && !types.some((type) => isOfType(type, value)))
    return `${where} is no ${types.join(" or ")}`;
  if (typeof value === "string") return textFault(schema, value) && `${where} ${String(textFault(schema, value))}`;
  if (typeof value === "number") {
    if (value < number(schema["minimum"], -Infinity) || value > number(schema["maximum"], Infinity))
      return `${where} is out of range`;
    return value <= number(schema["exclusiveMinimum"], -Infinity) ? `${where} is too small` : undefined;
  }
  if (Array.isArray(value)) {
    if (value.length < number(schema["minItems"], 0) || value.length > number(schema["maxItems"], Infinity))
      return `${where} has another length`;
    return first(value.map((item, index) => faultOf(schemaOf(schema["items"]), item, `${where}[${String(index)}]`)));
  }
  return isObject(value) ? membersFault(schema, value, where) : undefined;
}

function isOfType(type: unknown, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

function textFault(schema: Schema, value: string): string | undefined {
  if (value.length < number(schema["minLength"], 0) || value.length > number(schema["maxLength"], Infinity))
    return "has another length";
  const { pattern } = schema;
  return typeof pattern === "string" && !new RegExp(pattern).test(value) ? `is not of ${pattern}` : undefined;
}

function membersFault(schema: Schema, value: Record<string, unknown>, where: string): string | undefined {
  const properties = schemaOf(schema["properties"]);
  const missing = (Array.isArray(schema["required"]) ? schema["required"] : []).find(
    (name) => !Object.hasOwn(value, String(name)),
  );
  if (missing !== undefined) return `${where} has no ${String(missing)}`;
  return first(
    Object.entries(value).map(([name, member]) => {
      if (Object.hasOwn(properties, name)) return faultOf(schemaOf(properties[name]), member, `${where}.${name}`);
      return schema["additionalProperties"] === false ? `${where} has ${name}, too` : undefined;
    }),
  );
}

function first(faults: readonly (string | undefined)[]): string | undefined {
  return faults.find((fault) => fault !== undefined);
}
