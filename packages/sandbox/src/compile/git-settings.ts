import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { lookThrough, unlessAbsent } from "./host-files.ts";

/** One line of a git configuration file [git-config(1), "Syntax"]. */
export interface GitSetting {
  /** Lower case, without the subsection. */
  readonly section: string;
  readonly subsection: string | undefined;
  /** Lower case. */
  readonly key: string;
  readonly value: string;
}

export interface GitSettings {
  readonly settings: readonly GitSetting[];
  /** Every file that was read or would be read if it were there: absolute, the first one first. */
  readonly files: readonly string[];
}

/** Git's own limit. */
const MAX_DEPTH = 10;
const MAX_BYTES = 1024 * 1024;

/**
 * The settings of a configuration file and of all that it includes. A condition (`includeIf`) is taken to hold: more than git
 * itself would take, never less.
 */
export function readGitSettings(file: string, home: string): GitSettings {
  const settings: GitSetting[] = [];
  const files: string[] = [];
  const read = (path: string, depth: number): void => {
    if (files.includes(path) || depth > MAX_DEPTH) return;
    files.push(path);
    for (const setting of parseGitSettings(textOf(path))) {
      settings.push(setting);
      const isInclude = setting.section === "include" || setting.section === "includeif";
      if (isInclude && setting.key === "path" && setting.value !== "") {
        read(resolve(dirname(path), setting.value.replace(/^~(?=\/)/, home)), depth + 1);
      }
    }
  };
  read(file, 0);
  return { settings, files };
}

/** The person's own files: their settings hold for every repository. */
export function personalGitFiles(home: string): readonly string[] {
  return [join(home, ".gitconfig"), join(home, ".config/git/config")];
}

export function parseGitSettings(text: string): readonly GitSetting[] {
  const settings: GitSetting[] = [];
  let section = "";
  let subsection: string | undefined;
  // A line goes on behind a backslash at its end.
  for (const line of text.replace(/\\\r?\n/g, "").split(/\r?\n/)) {
    const header = /^\s*\[\s*([a-z0-9.-]+)(?:\s+"((?:\\.|[^"\\])*)")?\s*\]/i.exec(line);
    if (header !== null) {
      section = (header[1] ?? "").toLowerCase();
      subsection = header[2]?.replace(/\\(.)/g, "$1");
    }
    const entry = /^\s*([a-z][a-z0-9-]*)\s*=\s*(.*)$/i.exec(line.slice(header?.[0].length ?? 0));
    if (entry === null) continue;
    settings.push({ section, subsection, key: (entry[1] ?? "").toLowerCase(), value: unquote(entry[2] ?? "") });
  }
  return settings;
}

/** Without quotes, escapes, and the comment behind. */
function unquote(text: string): string {
  let value = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\\") value += text[++at] ?? "";
    else if (character === '"') quoted = !quoted;
    else if (!quoted && (character === "#" || character === ";")) break;
    else value += character;
  }
  return value.trim();
}

/** Nothing when it is not a file, or is none of a size that git's own would have. */
export function textOf(path: string): string {
  const stat = lookThrough(path);
  if (stat?.isFile() !== true || stat.size > MAX_BYTES) return "";
  return unlessAbsent(() => readFileSync(path, "utf8")) ?? "";
}
