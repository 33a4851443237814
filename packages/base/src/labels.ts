/** Labels of a run: what whoever starts it says of it, as `KEY=VALUE`. Nothing proves that it is so. */

export const MOST_LABELS = 16;

const KEY = "[a-z][a-z0-9.-]{0,62}";
/** Nothing that has no place in a line: control characters, line separators, halves of characters. It means the same with the flag `u` and without: published schemas have no flags. */
const VALUE =
  "(?:[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff]){1,128}";

export const LABEL = new RegExp(`^${KEY}=${VALUE}$`);
export const LABEL_OR_KEY = new RegExp(`^${KEY}(?:=${VALUE})?$`);

export function isLabel(text: string): boolean {
  return LABEL.test(text);
}

export function keyOfLabel(label: string): string {
  return label.slice(0, label.indexOf("="));
}

/** Whether one of the labels is meant: `KEY=VALUE` by that alone, `KEY` with any value. */
export function hasLabel(labels: readonly string[], wanted: string): boolean {
  return labels.some((label) => label === wanted || keyOfLabel(label) === wanted);
}
