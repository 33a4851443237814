/**
 * Forms: what a value of a profile must look like, read and described (JSON Schema) by the same object. Written here rather
 * than taken from a schema library because profiles are checked on every start, and the library alone took longer to load (65 ms)
 * than everything else of it.
 */

/** Where a value stands: keys from the top of the document; a number is an index in a list. */
export type Place = readonly (string | number)[];

/** What is wrong with a value; {@link explainProblem} adds file, line and remedy. */
export class ProfileProblem extends Error {
  readonly place: Place;
  readonly remedy: string | undefined;
  constructor(place: Place, message: string, remedy?: string) {
    super(message);
    this.place = place;
    this.remedy = remedy;
  }
}

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Form<T> {
  readonly schema: JsonSchema;
  /** @throws ProfileProblem */
  read(value: unknown, place: Place): T;
}

export type Read<F> = F extends Form<infer T> ? T : never;

/** One word or number; `parse` gives the value in its one normal form, or throws with what is wrong. */
export function scalar<T>(schema: JsonSchema, parse: (value: string | number, wrong: Wrong) => T): Form<T> {
  const isNumber = schema["type"] !== "string";
  const expected = schema["type"] === "integer" ? "a whole number" : isNumber ? "a number" : "a string";
  return {
    schema,
    read(value, place) {
      if (typeof value !== (isNumber ? "number" : "string")) {
        throw new ProfileProblem(place, `must be ${expected}`);
      }
      const wrong: Wrong = (message, remedy) => new ProfileProblem(place, message, remedy);
      if (typeof value === "string" && value.includes("\0")) throw wrong("holds a NUL character");
      if (typeof value === "string" || typeof value === "number") return parse(value, wrong);
      throw wrong(`must be ${expected}`);
    },
  };
}

export type Wrong = (message: string, remedy?: string) => ProfileProblem;

/** A string, parsed. */
export function word<T>(schema: JsonSchema, parse: (value: string, wrong: Wrong) => T): Form<T> {
  return scalar({ type: "string", ...schema }, (value, wrong) => parse(String(value), wrong));
}

export function integer(schema: { minimum: number; maximum: number; description: string }): Form<number> {
  return scalar({ type: "integer", ...schema }, (value, wrong) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= schema.minimum && value <= schema.maximum) {
      return value;
    }
    throw wrong(`must be a whole number of ${String(schema.minimum)} to ${String(schema.maximum)}`);
  });
}

export function decimal(schema: { minimum: number; maximum: number; description: string }): Form<number> {
  return scalar({ type: "number", ...schema }, (value, wrong) => {
    if (typeof value === "number" && value >= schema.minimum && value <= schema.maximum) return value;
    throw wrong(`must be a number of ${String(schema.minimum)} to ${String(schema.maximum)}`);
  });
}

export function boolean(description: string): Form<boolean> {
  return {
    schema: { type: "boolean", description },
    read(value, place) {
      if (typeof value !== "boolean") throw new ProfileProblem(place, "must be `true` or `false`");
      return value;
    },
  };
}

/** A form of which more is asked than its parts can say alone. @throws ProfileProblem from `check`, as from any form */
export function checked<T, U>(form: Form<T>, check: (value: T, place: Place) => U): Form<U> {
  return { schema: form.schema, read: (value, place) => check(form.read(value, place), place) };
}

export function oneOf<const T extends string>(values: readonly T[], description: string): Form<T> {
  return word({ enum: values, description }, (value, wrong) => {
    const found = values.find((known) => known === value);
    if (found === undefined) throw wrong(`must be one of ${values.map((known) => `\`${known}\``).join(", ")}`);
    return found;
  });
}

export function list<T>(item: Form<T>, description: string): Form<readonly T[]> {
  return {
    schema: { type: "array", items: item.schema, description },
    read(value, place) {
      if (!Array.isArray(value)) throw new ProfileProblem(place, "must be a list");
      return value.map((entry, index) => item.read(entry, [...place, index]));
    },
  };
}

/** A table whose keys are the person's own. */
export function map<K extends string, T>(key: Form<K>, item: Form<T>, description: string): Form<ReadonlyMap<K, T>> {
  return {
    schema: { type: "object", propertyNames: key.schema, additionalProperties: item.schema, description },
    read(value, place) {
      return new Map(
        Object.entries(asTable(value, place)).map(([name, entry]) => {
          const at = [...place, name];
          return [key.read(name, at), item.read(entry, at)];
        }),
      );
    },
  };
}

/** A table whose keys are known; every one may be left out, and any other is an error that names the nearest. */
export function table<F extends Readonly<Record<string, Form<unknown>>>>(
  fields: F,
  description: string,
): Form<{ readonly [K in keyof F]?: Read<F[K]> }> {
  const properties = Object.fromEntries(Object.entries(fields).map(([key, { schema }]) => [key, schema]));
  return {
    schema: { type: "object", properties, additionalProperties: false, description },
    read(value, place) {
      const found: Record<string, unknown> = {};
      for (const [key, entry] of Object.entries(asTable(value, place))) {
        const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
        if (field === undefined) throw unknownKey(key, Object.keys(fields), place);
        found[key] = field.read(entry, [...place, key]);
      }
      // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- each key was read by the form of the same key just above
      return found as { readonly [K in keyof F]?: Read<F[K]> };
    },
  };
}

function asTable(value: unknown, place: Place): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date)) return value;
  throw new ProfileProblem(place, "must be a table");
}

function unknownKey(key: string, known: readonly string[], place: Place): ProfileProblem {
  const distances = known.map((name) => ({ name, distance: editDistance(key, name) }));
  const nearest = distances.sort((a, b) => a.distance - b.distance)[0];
  const remedy =
    nearest !== undefined && nearest.distance <= Math.max(2, nearest.name.length / 2)
      ? `did you mean \`${nearest.name}\`?`
      : `known here: ${known.map((name) => `\`${name}\``).join(", ")}`;
  return new ProfileProblem([...place, key], "unknown key", remedy);
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
