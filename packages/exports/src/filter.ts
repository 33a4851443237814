/** `exec.*` is every type of its kind. */
export function isWanted(
  type: string,
  {
    types,
    except,
  }: { readonly types?: readonly string[] | undefined; readonly except?: readonly string[] | undefined },
): boolean {
  const within = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => (pattern.endsWith(".*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern));
  return (types === undefined || within(types)) && !(except !== undefined && within(except));
}
