/**
 * The directories of npm packages as far as a file's path shows them. Nothing is looked up: the same path gives the same answer.
 */

/** The directory of the innermost installed package with this name that the file belongs to: `/usr/lib/node_modules/@openai/codex`. */
export function packageDirectory(realPath: string, packageName: string): string | undefined {
  const marker = `/node_modules/${packageName}/`;
  const at = realPath.lastIndexOf(marker);
  return at === -1 ? undefined : realPath.slice(0, at + marker.length - 1);
}

/** Where a package that was installed beside this one lies: npm puts dependencies within it or beside it. */
export function siblingPackage(directory: string, packageName: string, siblingName: string): string {
  return directory.slice(0, directory.length - packageName.length) + siblingName;
}

/** The directory of the outermost package that the file belongs to, whatever its name. */
export function outermostPackage(realPath: string): string | undefined {
  return /^.*?\/node_modules\/(?:@[^/]+\/)?[^/@.][^/]*(?=\/)/.exec(realPath)?.[0];
}
