/** A command line as words: quotes keep what is between them together, a backslash what follows it. Nothing is expanded. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/gs)) {
    words.push(
      word.replaceAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs, (_, single?: string, double?: string, one?: string) => {
        return single ?? double?.replaceAll(/\\(["\\$`])/g, "$1") ?? one ?? "";
      }),
    );
  }
  return words;
}
