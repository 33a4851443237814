/**
 * Patterns of names that are masked, as in .gitignore: without a slash a name anywhere, with one a path from the workspace; a
 * trailing slash means directories only; of several that match, the last one counts, and `!` takes out again.
 * Matched without regular expressions: the workspace's own profile may hold patterns too, and must not be able to make this slow.
 */
export type IsMasked = (name: string, path: string, directory: boolean) => boolean | undefined;

interface Pattern {
  readonly taking: boolean;
  readonly directoryOnly: boolean;
  /** One part: a name anywhere. More: a path. */
  readonly parts: readonly string[];
  readonly anywhere: boolean;
}

/** @returns a question about one entry: its name, its path from the workspace, and whether it is a directory; undefined: no pattern says anything */
export function compileMasks(patterns: readonly string[]): IsMasked {
  const compiled = patterns.map(parsePattern).reverse();
  const exact = new Set(compiled.filter(isExactName).map(({ parts }) => parts[0] ?? ""));
  const others = compiled.filter((pattern) => !isExactName(pattern));
  return (name, path, directory) => {
    const matches = (pattern: Pattern): boolean =>
      (directory || !pattern.directoryOnly) &&
      (pattern.anywhere ? matchName(pattern.parts[0] ?? "", name) : matchPath(pattern.parts, path.split("/")));
    if (!exact.has(name) && !others.some(matches)) return undefined;
    const last = compiled.find(matches);
    return last === undefined ? undefined : !last.taking;
  };
}

function parsePattern(text: string): Pattern {
  const taking = text.startsWith("!");
  const bare = text.slice(taking ? 1 : 0).replace(/\/$/, "");
  return { taking, directoryOnly: text.endsWith("/"), parts: bare.split("/"), anywhere: !bare.includes("/") };
}

function isExactName({ anywhere, parts }: Pattern): boolean {
  return anywhere && !/[*?]/.test(parts[0] ?? "");
}

function matchPath(pattern: readonly string[], parts: readonly string[]): boolean {
  return matchWild(pattern, parts, (part) => part === "**", matchName);
}

/** `*` is any run of characters, `?` one; the whole name must match. */
export function matchName(pattern: string, name: string): boolean {
  return matchWild(
    pattern,
    name,
    (character) => character === "*",
    (wanted, character) => wanted === "?" || wanted === character,
  );
}

/** Wildcard matching with one step back: at most pattern times text steps. */
function matchWild(
  pattern: ArrayLike<string>,
  text: ArrayLike<string>,
  isStar: (item: string) => boolean,
  isMatch: (pattern: string, item: string) => boolean,
): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  for (let index = 0; index < text.length;) {
    const wanted = pattern[at];
    if (wanted !== undefined && isStar(wanted)) {
      star = at++;
      retry = index;
    } else if (wanted !== undefined && isMatch(wanted, text[index] ?? "")) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++retry;
    } else {
      return false;
    }
  }
  while (at < pattern.length && isStar(pattern[at] ?? "")) at++;
  return at === pattern.length;
}
