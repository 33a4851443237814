/** An option's value, beside those that were given before: for options that may be given again. */
export function append(value: string, before: string[] = []): string[] {
  return [...before, value];
}
