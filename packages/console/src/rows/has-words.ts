/** Whether all words of a filter are in what is shown of something. */
export function hasWords(shown: string, filter: string): boolean {
  const text = shown.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
