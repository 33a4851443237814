import { useMemo, type ReactNode } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { focusFilter, useKeys } from "../keys.ts";
import { isForbidden, Problem } from "../problem.tsx";
import { MoreButton } from "../rows/more-button.tsx";
import { RowsHead } from "../rows/rows-head.tsx";
import { useChosen } from "../rows/use-chosen.ts";
import { useWindow } from "../rows/use-window.ts";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";
import { AuditFilter, soughtOf } from "./audit-filter.tsx";
import { HeadState } from "./head-state.tsx";
import { followHead, seenSize } from "./known-head.ts";
import { noteText, outcomeOf } from "./note-text.ts";
import { useReport, type Noted } from "./use-report.ts";

const ROW_PX = 36;

/** Who did what, from the server's own log, and whether that is still the log that this browser saw. */
export default function AuditPage({ session }: { readonly session: Session }): ReactNode {
  const [params] = useSearchParams();
  const address = params.toString();
  const sought = useMemo(() => soughtOf(new URLSearchParams(address)), [address]);
  const { items, more, notYet, error } = useReport(sought);
  useKeys({ "/": focusFilter });
  return (
    <>
      <header className="page-head">
        <h1>Audit</h1>
        <AuditFilter />
        <p className="end">
          <Link href="/audit/check">Check a proof</Link>
        </p>
      </header>
      {session.actions.includes("viewServerLog") && <OwnLog />}
      {isForbidden(error) ? (
        <p className="empty">Who did what is for those with viewUse: owners, security-admin, auditor.</p>
      ) : (
        error !== undefined && <Problem error={error} />
      )}
      {notYet !== undefined && (
        <p className="notice">{`Not all of it: the first ${String(notYet)} entries are being looked through. Ask again later.`}</p>
      )}
      {items?.length === 0 && more === undefined && (
        <p className="empty">Nothing of this that you may see. Take something out of the filter.</p>
      )}
      {items !== undefined && (items.length > 0 || more !== undefined) && (
        <Rows key={address} items={items} more={more} />
      )}
    </>
  );
}

function OwnLog(): ReactNode {
  const { value: compared, error } = useAsked(
    "head",
    async (signal) => await followHead(await server.call("showLogHead", { query: { since: seenSize() } }, { signal })),
  );
  if (error !== undefined) return <Problem error={error} />;
  return compared === undefined ? (
    <p className="head-state quiet">The server’s log is compared with what this browser saw of it.</p>
  ) : (
    <HeadState compared={compared} />
  );
}

interface RowsProps {
  readonly items: readonly Noted[];
  readonly more: (() => void) | undefined;
}

function Rows({ items, more }: RowsProps): ReactNode {
  const { box, from, to } = useWindow(items.length, ROW_PX);
  const [, navigate] = useLocation();
  const chosen = useChosen({ items, box, rowPx: ROW_PX, onOpen: (item) => navigate(`/audit/${String(item.index)}`) });
  const current = chosen >= from && chosen < to ? items[chosen] : undefined;
  return (
    <>
      <div
        className="rows noted"
        ref={box}
        role="grid"
        aria-label="Who did what"
        aria-rowcount={items.length + 1}
        {...(current && { "aria-activedescendant": `noted-${String(current.index)}` })}
        tabIndex={0}
      >
        <RowsHead names={["Time", "Who", "Outcome", "On", "What"]} />
        <div role="rowgroup" className="rows-body" style={{ height: items.length * ROW_PX }}>
          {items.slice(from, to).map((item, place) => (
            <Row key={item.index} item={item} index={from + place} chosen={from + place === chosen} />
          ))}
        </div>
      </div>
      <MoreButton more={more} />
    </>
  );
}

interface RowProps {
  readonly item: Noted;
  readonly index: number;
  readonly chosen: boolean;
}

function Row({ item, index, chosen }: RowProps): ReactNode {
  const { what, rest } = noteText(item);
  const outcome = outcomeOf(item);
  const { about } = item;
  return (
    <div
      role="row"
      id={`noted-${String(item.index)}`}
      className="row"
      aria-rowindex={index + 2}
      aria-selected={chosen}
      style={{ transform: `translateY(${String(index * ROW_PX)}px)` }}
    >
      <span role="gridcell">
        <Time at={item.at} />
      </span>
      <span role="gridcell">{item.who ?? "–"}</span>
      <span role="gridcell" className={outcome === "refused" ? "bad" : ""}>
        {outcome}
      </span>
      <span role="gridcell">{about === undefined ? "company" : `${about.type} ${about.id}`}</span>
      <span role="gridcell">
        <Link href={`/audit/${String(item.index)}`}>{what}</Link> <span className="quiet">{rest}</span>
      </span>
    </div>
  );
}
