/** Strings as agents make them, and events that have nothing else in them. */
import fc from "fast-check";
import type { Source } from "../src/source.ts";

/** With what separates and escapes in each of the formats, line ends, controls, lone surrogates, and ordinary text. */
export const hostile: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\\",
        "|",
        "=",
        "]",
        '"',
        "\n",
        "\r",
        "\r\n",
        " ",
        "\0",
        "\u001b[31m",
        "\u0085",
        "\u202e",
        "\udcff",
      ),
      fc.constantFrom(" cs1=x", "\\n", "\\\\", "[a@1 b=", "<13>1 - - - - - -", "\ufeff", "é", "\u{1f600}", "…"),
      fc.string({ unit: "binary", maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

const KEPT = new Set([
  "run",
  "type",
  "digest",
  "policyDigest",
  "bound",
  "root",
  "outcome",
  "answer",
  "state",
  "when",
  "severity",
]);

/** Every string of the source that is no id, digest or enumeration is the text. */
export function withStrings(source: Source, text: string): Source {
  const ended = source.event.type === "run.ended";
  const change = (value: unknown): unknown => {
    if (typeof value === "string") return text;
    if (Array.isArray(value)) return value.map(change);
    if (value instanceof Map)
      return new Map([...(value as Map<unknown, unknown>)].map(([key, each]) => [key, change(each)]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]: [string, unknown]) => [
        name,
        KEPT.has(name) || (ended && name === "reason") ? each : change(each),
      ]),
    );
  };
  return {
    ...source,
    event: change(source.event) as Source["event"],
    context: change(source.context) as Source["context"],
  };
}
