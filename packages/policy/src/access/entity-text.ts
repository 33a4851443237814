/** Cedar's strings escape as JSON's do, but for what stands beyond the basic plane or can't be printed. */
export function stringText(text: string): string {
  const escaped = text
    .toWellFormed()
    .replace(/[^\x20-\x7e]|["\\]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
  return `"${escaped}"`;
}

export function entityText({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}::${stringText(id)}`;
}
