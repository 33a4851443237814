import { join } from "node:path";
import { matchesOf, textOf, type Source } from "./findings.ts";

/** Where this repository is pushed to and fetched from, as URLs; `git@host:path` is SSH. Read from its configuration, without git. */
export function findGitRemotes(directory: string): readonly Source[] {
  const sections = textOf(join(directory, ".git/config")).split(/^(?=\s*\[)/m);
  return sections
    .filter((section) => /^\s*\[remote\s/.test(section))
    .flatMap((section) => matchesOf(section, /^\s*(?:push)?url\s*=\s*(\S+)/gim))
    .map((url) => ({
      url: /^[^/:]+@([^/:]+):/.test(url) ? url.replace(/^[^@]+@([^:]+):/, "ssh://$1/") : url,
      from: "git remote",
    }));
}
