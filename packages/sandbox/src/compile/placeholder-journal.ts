import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { unlessAbsent } from "./host-files.ts";
import { identityOf, isAlive, parseIdentity, type ProcessIdentity } from "./process-identity.ts";

/** Takes a name in the workspace for the time of a run. */
export interface Placeholder {
  readonly path: string;
  /** What it says on the host; undefined: a directory. */
  readonly content: string | undefined;
  /** Nothing inside reaches it, because something lies over it from the start: so it is as it was made, and can be used again. */
  readonly covered: boolean;
}

/** What one run has made, or is about to make. */
export interface Journal {
  readonly file: string;
  readonly by: ProcessIdentity | undefined;
  readonly placeholders: readonly Placeholder[];
}

export function readJournals(directory: string): readonly Journal[] {
  const names = unlessAbsent(() => readdirSync(directory)) ?? [];
  return names
    .filter((name) => name.endsWith(".json"))
    .map((name) => {
      const file = join(directory, name);
      return { file, ...parseJournal(unlessAbsent(() => readFileSync(file, "utf8")) ?? "") };
    });
}

export function isOfLivingRun({ by }: Journal): boolean {
  return by !== undefined && isAlive(by);
}

/** Not forced to the disk: when the machine itself stops, what may be left is empty files, and a run costs no wait for the disk. */
export function writeJournal(directory: string, placeholders: readonly Placeholder[]): string {
  const file = join(directory, `${randomBytes(8).toString("hex")}.json`);
  writeFileSync(file, JSON.stringify({ by: identityOf(process.pid), placeholders }), { flag: "wx", mode: 0o600 });
  return file;
}

export function removeJournal({ file }: Journal): void {
  unlinkSync(file);
}

/** One that was cut off while it was written has nothing in it: nothing had been made then. */
function parseJournal(text: string): Omit<Journal, "file"> {
  const nothing = { by: undefined, placeholders: [] };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return nothing;
    throw error;
  }
  if (typeof value !== "object" || value === null || !("by" in value) || !("placeholders" in value)) return nothing;
  const placeholders = Array.isArray(value.placeholders) ? value.placeholders.flatMap(parsePlaceholder) : [];
  return { by: parseIdentity(value.by), placeholders };
}

function parsePlaceholder(value: unknown): readonly Placeholder[] {
  if (typeof value !== "object" || value === null || !("path" in value) || typeof value.path !== "string") return [];
  const content = "content" in value ? value.content : undefined;
  const covered = "covered" in value && value.covered === true;
  return content === undefined || typeof content === "string" ? [{ path: value.path, content, covered }] : [];
}
