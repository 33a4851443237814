/**
 * One line of JSON in UTF-8. Beside what JSON itself escapes, so are the controls and separators at which some readers split lines
 * (DEL, C1, U+2028, U+2029). A string that the kernel gave as bytes that are not UTF-8 has lone surrogates, escaped, as in the record.
 */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** As {@link toJsonLine}, for readers that refuse lone surrogates: each reads as U+FFFD. */
export function toStrictJson(value: unknown): string {
  const text = toJsonLine(value);
  return /\\ud[89a-f]/.test(text) ? toJsonLine(wellFormed(value)) : text;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, wellFormed(member)]));
}
