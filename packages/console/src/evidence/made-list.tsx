import { useCallback, type ReactNode } from "react";
import { count, escapeControls } from "@bailiwick/base";
import type { EvidenceMade } from "@bailiwick/control-plane/contract";
import { Link, useLocation } from "wouter";
import { Problem } from "../problem.tsx";
import { MoreButton } from "../rows/more-button.tsx";
import { RowsTable } from "../rows/rows-table.tsx";
import { usePages } from "../rows/use-pages.ts";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";

const PAGE = 50;
const SHORT_DIGEST = 19;

/** Who made which archive, from the server’s own log. */
export function MadeList({ session }: { readonly session: Session }): ReactNode {
  const isPermitted = session.actions.includes("viewUse");
  const ask = useCallback(
    async (after: number | undefined, signal: AbortSignal) =>
      await server.call("listEvidence", { query: { after, limit: PAGE } }, { signal }),
    [],
  );
  const { items, more, error } = usePages(isPermitted ? ask : undefined);
  return (
    <section aria-label="Archives that were made">
      <h2>Archives that were made</h2>
      {!isPermitted && (
        <p className="empty">Who made which archive is for those with viewUse: owners, security-admin, auditor.</p>
      )}
      {error !== undefined && <Problem error={error} />}
      {items?.length === 0 && more === undefined && (
        <p className="empty">
          None that you may see. What is made here, and by <code>bailiwick server evidence</code>, shows up with its
          digest: a file that has none of these was not made by this server.
        </p>
      )}
      {items !== undefined && items.length > 0 && <Rows items={items} />}
      <MoreButton more={more} />
    </section>
  );
}

function Rows({ items }: { readonly items: readonly EvidenceMade[] }): ReactNode {
  const [, navigate] = useLocation();
  return (
    <RowsTable
      label="Archives"
      className="archives"
      columns={["Made", "Who", "Of", "Runs", "SHA-256", "Why"]}
      items={items}
      keyOf={({ index }) => String(index)}
      onOpen={({ index }) => navigate(`/audit/${String(index)}`)}
      cells={(item) => [
        <Link href={`/audit/${String(item.index)}`}>
          <Time at={item.at} />
        </Link>,
        item.by,
        <Scope item={item} />,
        runsText(item),
        <code title={item.digest}>{item.digest.slice(0, SHORT_DIGEST)}…</code>,
        escapeControls(item.reason),
      ]}
    />
  );
}

function Scope({ item: { scope } }: { readonly item: EvidenceMade }): ReactNode {
  if (scope.type === "Company") return "the company";
  const text = `${scope.type.toLowerCase()} ${escapeControls(scope.id)}`;
  return scope.type === "Run" ? <Link href={`/runs/${scope.id}`}>{text}</Link> : text;
}

function runsText({ runs, recordings }: EvidenceMade): string {
  return `${count(runs.length, "run")}${recordings.length > 0 ? `, ${count(recordings.length, "recording")}` : ""}`;
}
