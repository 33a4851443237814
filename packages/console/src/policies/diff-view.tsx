import { useMemo, type ReactNode } from "react";
import { count } from "@bailiwick/base";
import { diffBundles, type DiffLine } from "./line-diff.ts";

const AROUND = 3;
const SIGNS = { same: " ", added: "+", removed: "-" } as const;
const WORDS = { same: "", added: "added: ", removed: "removed: " } as const;

interface DiffViewProps {
  readonly before: string | undefined;
  readonly after: string;
}

/** Lines that are another than before, with some around; the others on demand. */
export function DiffView({ before, after }: DiffViewProps): ReactNode {
  const files = useMemo(() => diffBundles(before, after), [before, after]);
  if (files.length === 0) return <p className="quiet">No line is another.</p>;
  return files.map(({ name, lines }) => (
    <figure className="diff" key={name} aria-label={`Changes of ${name}`}>
      <figcaption>
        <code>{name}</code> <span className="quiet">{changesText(lines)}</span>
      </figcaption>
      <div className="lines">
        {groupsOf(lines).map((group) => (
          <Group key={group.from} {...group} />
        ))}
      </div>
    </figure>
  ));
}

function changesText(lines: readonly DiffLine[]): string {
  const of = (kind: DiffLine["kind"]): number => lines.filter((line) => line.kind === kind).length;
  return `${count(of("added"), "line")} added, ${String(of("removed"))} removed`;
}

interface LineGroup {
  readonly from: number;
  readonly lines: readonly DiffLine[];
  readonly isFar: boolean;
}

/** Lines by whether they are near a change. */
function groupsOf(lines: readonly DiffLine[]): LineGroup[] {
  const isNear = lines.map(() => false);
  lines.forEach(({ kind }, index) => {
    if (kind !== "same") isNear.fill(true, Math.max(0, index - AROUND), index + AROUND + 1);
  });
  const groups: { from: number; lines: DiffLine[]; isFar: boolean }[] = [];
  lines.forEach((line, index) => {
    const last = groups.at(-1);
    if (last?.isFar === !isNear[index]) last.lines.push(line);
    else groups.push({ from: index, lines: [line], isFar: !isNear[index] });
  });
  return groups;
}

function Group({ lines, isFar }: LineGroup): ReactNode {
  const shown = lines.map(({ kind, text, line }, index) => (
    <div key={index} className={`line ${kind}`}>
      <span className="number" aria-hidden="true">
        {line}
      </span>
      <span aria-hidden="true">{SIGNS[kind]} </span>
      <span className="sr-only">{WORDS[kind]}</span>
      <code>{text}</code>
    </div>
  ));
  if (!isFar) return shown;
  return (
    <details>
      <summary>{count(lines.length, "line")} the same</summary>
      {shown}
    </details>
  );
}
