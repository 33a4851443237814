import { useEffect, useState, type ReactNode } from "react";
import { escapeControls } from "@bailiwick/base";
import type { TaskOfServer } from "@bailiwick/control-plane/contract";
import { Problem } from "../problem.tsx";
import { useWindow } from "../rows/use-window.ts";
import { server } from "../server.ts";

const LINE_PX = 20;
/** A longer line is cut: an agent may have written megabytes in one. */
const MOST_COLUMNS = 2_000;

/** A patch as text, line by line; only lines in sight are in the document. */
export function PatchView({
  id,
  patch,
}: {
  readonly id: string;
  readonly patch: NonNullable<TaskOfServer["patch"]>;
}): ReactNode {
  const [read, setRead] = useState<{ readonly lines?: readonly string[]; readonly error?: unknown }>({});
  const { digest } = patch;
  useEffect(() => {
    const ending = new AbortController();
    server.call("taskPatch", { params: { task: id } }, ending).then(
      (bytes) => {
        setRead({ lines: new TextDecoder().decode(bytes).trimEnd().split("\n") });
      },
      (error: unknown) => {
        if (!ending.signal.aborted) setRead({ error });
      },
    );
    return () => {
      ending.abort();
    };
  }, [id, digest]);
  if (read.error !== undefined) return <Problem error={read.error} />;
  return <Lines lines={read.lines ?? []} />;
}

function Lines({ lines }: { readonly lines: readonly string[] }): ReactNode {
  const { box, from, to } = useWindow(lines.length, LINE_PX);
  return (
    <div className="rows patch" ref={box} role="region" aria-label="Patch" tabIndex={0}>
      <div className="rows-body" style={{ height: lines.length * LINE_PX }}>
        {lines.slice(from, to).map((line, place) => (
          <code
            key={from + place}
            className={kindOf(line)}
            style={{ transform: `translateY(${String((from + place) * LINE_PX)}px)` }}
          >
            {escapeControls(line.slice(0, MOST_COLUMNS).replaceAll("\t", "    "))}
          </code>
        ))}
      </div>
    </div>
  );
}

function kindOf(line: string): string {
  if (/^(diff |index |--- |\+\+\+ |@@|new |deleted |old |GIT )/.test(line)) return "place";
  return line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "";
}
