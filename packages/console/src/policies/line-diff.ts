/** What is another than before, line by line and file by file. */
import { diffArrays } from "diff";
import { readParts } from "@bailiwick/control-plane/contract/bundles";

export interface DiffLine {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
  /** From 1, in the text that has it. */
  readonly line: number;
}

export interface FileDiff {
  readonly name: string;
  readonly lines: readonly DiffLine[];
}

/** Files of which something is another, by name. @param before undefined: the layer said nothing */
export function diffBundles(before: string | undefined, after: string): FileDiff[] {
  const [old, now] = [filesOf(before), filesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((name) => {
    const [from, to] = [old.get(name), now.get(name)];
    return from === to ? [] : [{ name, lines: diffLines(linesOf(from), linesOf(to)) }];
  });
}

function diffLines(from: readonly string[], to: readonly string[]): DiffLine[] {
  let [old, now] = [0, 0];
  return diffArrays([...from], [...to]).flatMap(({ added, removed, value }) =>
    value.map((text): DiffLine => {
      if (!added) old += 1;
      if (!removed) now += 1;
      return { kind: added ? "added" : removed ? "removed" : "same", text, line: removed ? old : now };
    }),
  );
}

/** Every text of a bundle by its name; what is no text as one. */
export function filesOf(bundle: string | undefined): Map<string, string> {
  const parts = bundle === undefined ? undefined : readParts(bundle);
  if (parts === undefined) return new Map();
  const { policies, tests, profile, requiredWithinHours: hours } = parts;
  return new Map([
    ...[...policies, ...tests].map(({ name, text }) => [name, text] as const),
    ...(profile === undefined ? [] : [["profile.toml", profile] as const]),
    ...(hours === undefined ? [] : [["required within", `${String(hours)} hours`] as const]),
  ]);
}

function linesOf(text: string | undefined): string[] {
  if (text === undefined) return [];
  return text.replace(/\n$/, "").split("\n");
}
