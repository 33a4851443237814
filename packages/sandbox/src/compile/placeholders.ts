import { mkdirSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { SandboxError } from "../errors.ts";
import { excludeFromGit, includeInGit } from "./git-exclude.ts";
import { lookAt, osPath } from "./host-files.ts";
import { lockDirectory } from "./lock.ts";
import {
  isOfLivingRun,
  readJournals,
  removeJournal,
  writeJournal,
  type Journal,
  type Placeholder,
} from "./placeholder-journal.ts";
import { isAsMade, PlaceholderStock } from "./placeholder-stock.ts";

/** Placeholders that other runs hold at this moment, by path: what stands there is not the person's. */
export type Held = ReadonlyMap<string, Placeholder>;

/**
 * Takes names in a workspace for the time of a run. Each run has a journal, written before its first placeholder is made. Two runs
 * may need the same one: the last takes it away. What a run left that was killed is taken away by the next run on this host.
 *
 * INVARIANT(placeholders): nothing is made that is not journalled; nothing is taken away that the journal of a living run names,
 * that was filled meanwhile, or that is of another kind. All under one lock.
 * @param plan says what is needed, under the lock, so that it still is so when placeholders are made
 * @returns what `plan` returned, and the way to take everything back
 * @throws SandboxError SANDBOX_WORKSPACE_REFUSED when one can't be made
 */
export function takePlaceholders<T extends { readonly placeholders: readonly Placeholder[] }>(
  stateDirectory: string,
  plan: (held: Held) => T,
): { readonly planned: T; readonly release: () => void } {
  const directory = join(stateDirectory, "placeholders");
  const unlock = lockDirectory(directory);
  try {
    for (const journal of readJournals(directory))
      if (!isOfLivingRun(journal)) forget(journal, readJournals(directory));
    const living = readJournals(directory);
    const planned = plan(new Map(living.flatMap(({ placeholders }) => placeholders.map((each) => [each.path, each]))));
    if (planned.placeholders.length === 0) return { planned, release: () => undefined };
    const file = writeJournal(directory, planned.placeholders);
    const release = releaseOf(directory, file);
    try {
      const stock = new PlaceholderStock(directory);
      for (const placeholder of planned.placeholders) make(stock, placeholder);
      excludeFromGit(idOf(file), planned.placeholders);
    } catch (error) {
      forgetFile(directory, file);
      throw error;
    }
    return { planned, release };
  } finally {
    unlock();
  }
}

function releaseOf(directory: string, file: string): () => void {
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    const unlock = lockDirectory(directory);
    try {
      forgetFile(directory, file);
    } finally {
      unlock();
    }
  };
}

function forgetFile(directory: string, file: string): void {
  const journals = readJournals(directory);
  const journal = journals.find((each) => each.file === file);
  if (journal !== undefined) forget(journal, journals);
}

/** Takes away what one run had made and no living one needs, the innermost first, and then its journal. */
function forget(journal: Journal, journals: readonly Journal[]): void {
  const others = journals.filter((other) => other.file !== journal.file && isOfLivingRun(other));
  const needed = new Set(others.flatMap(({ placeholders }) => placeholders.map(({ path }) => path)));
  const stock = new PlaceholderStock(dirname(journal.file));
  for (const placeholder of journal.placeholders.toReversed()) {
    if (!needed.has(placeholder.path)) takeAway(stock, placeholder);
  }
  includeInGit(idOf(journal.file), journal.placeholders);
  removeJournal(journal);
}

function idOf(journalFile: string): string {
  return basename(journalFile, ".json");
}

/** One that another run holds is there already. */
function make(stock: PlaceholderStock, placeholder: Placeholder): void {
  try {
    if (lookAt(placeholder.path) === undefined && !stock.take(placeholder)) makeNew(placeholder);
  } catch (error) {
    if (!isErrno(error, "EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOENT", "ENOTDIR")) throw error;
    throw new SandboxError(
      "SANDBOX_WORKSPACE_REFUSED",
      `cannot hold the protected name \`${placeholder.path}\` for the run: ${error.code ?? ""}`,
      { cause: error, remedy: "make its directory writable to you, or make it yourself" },
    );
  }
}

function makeNew({ path, content }: Placeholder): void {
  try {
    if (content === undefined) mkdirSync(osPath(path));
    else writeFileSync(osPath(path), content, { flag: "wx" });
  } catch (error) {
    if (!isErrno(error, "EEXIST")) throw error;
  }
}

/** Only what is still as it was made: anything else is somebody's work by now. */
function takeAway(stock: PlaceholderStock, placeholder: Placeholder): void {
  const { path, content } = placeholder;
  if (!isAsMade(path, content)) return;
  try {
    if (stock.put(placeholder)) return;
    if (content === undefined) rmdirSync(osPath(path));
    else unlinkSync(osPath(path));
  } catch (error) {
    if (!isErrno(error, "ENOTEMPTY", "EEXIST", "ENOENT", "EACCES", "EPERM", "EROFS", "EBUSY", "ENOTDIR")) throw error;
  }
}
