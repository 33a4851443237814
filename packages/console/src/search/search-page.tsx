import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { escapeControls } from "@bailiwick/base";
import { Link, useLocation, useSearchParams } from "wouter";
import { focusFilter, useKeys } from "../keys.ts";
import { isForbidden, Problem } from "../problem.tsx";
import { MoreButton } from "../rows/more-button.tsx";
import { RowsHead } from "../rows/rows-head.tsx";
import { useChosen } from "../rows/use-chosen.ts";
import { useWindow } from "../rows/use-window.ts";
import { Decision } from "../run/decision.tsx";
import { Time } from "../time.tsx";
import { useSearch, type Found, type Search } from "./use-search.ts";

const ROW_PX = 36;

/** What people search for, to be chosen and changed. */
const EXAMPLES = [
  ["decision:refused since:1d", "what was refused since yesterday at this time"],
  ["host:*.example.com -decision:refused", "who reached a host"],
  ["program:git push", "commands by their program and words"],
  ["file:.env user:robin", "files that somebody’s runs executed or changed"],
  ["status:failed project:shop since:2026-11-24", "what failed in a project since a day"],
] as const;

export function SearchPage(): ReactNode {
  const [params, setParams] = useSearchParams();
  const query = (params.get("q") ?? "").trim();
  const [text, setText] = useState(query);
  const search = useSearch(query);
  useEffect(() => {
    setText(query);
  }, [query]);
  useKeys({ "/": focusFilter });
  const send = (event: FormEvent): void => {
    event.preventDefault();
    setParams(text.trim() === "" ? {} : { q: text.trim() });
  };
  const { items, error } = search;
  return (
    <>
      <header className="page-head">
        <h1>Search</h1>
        <form role="search" className="search" onSubmit={send}>
          <input
            id="filter"
            type="search"
            aria-label="Search the events of all runs"
            aria-keyshortcuts="/"
            placeholder="Words, “phrases”, filters such as decision:refused; - before one leaves out ( / )"
            maxLength={4_096}
            value={text}
            onChange={({ target }) => {
              setText(target.value);
            }}
          />
          <button type="submit">Search</button>
        </form>
        <p role="status">{statusText(query, search)}</p>
      </header>
      {isForbidden(error) && (
        <p className="empty">Searching needs the right to read runs (readRun), and you have it for none.</p>
      )}
      {error !== undefined && !isForbidden(error) && <Problem error={error} />}
      {query === "" && <Examples />}
      {items?.length === 0 && search.more === undefined && (
        <p className="empty">
          Nothing that you may read has all of this. Take something out; what has just happened can be found some
          seconds later. What terminals showed stays on the hosts.
        </p>
      )}
      {items !== undefined && (items.length > 0 || search.more !== undefined) && (
        <FoundRows key={query} items={items} more={search.more} />
      )}
    </>
  );
}

function statusText(query: string, { items, more, asking }: Search): string {
  if (query === "") return "";
  if (asking) return "asking";
  return items === undefined ? "" : `${String(items.length)} found${more === undefined ? "" : ", and there are more"}`;
}

function Examples(): ReactNode {
  return (
    <div className="empty">
      <p>Everything that you may read of all runs, by words and filters, all of which have to hold. For example:</p>
      <ul>
        {EXAMPLES.map(([query, what]) => (
          <li key={query}>
            <Link href={`/search?${new URLSearchParams({ q: query }).toString()}`}>
              <code>{query}</code>
            </Link>{" "}
            {what}
          </li>
        ))}
      </ul>
      <p>
        Filters: <code>host file program user agent project policy decision run status since until</code>.{" "}
        <code>*</code> stands for anything in hosts and files; times are <code>2h</code>, <code>3d</code>,{" "}
        <code>today</code>, <code>2026-11-24</code> or <code>2026-11-24T10:00</code>, of the server’s zone.
      </p>
    </div>
  );
}

interface FoundRowsProps {
  readonly items: readonly Found[];
  readonly more: Search["more"];
}

function FoundRows({ items, more }: FoundRowsProps): ReactNode {
  const { box, from, to } = useWindow(items.length, ROW_PX);
  const [, navigate] = useLocation();
  const chosen = useChosen({ items, box, rowPx: ROW_PX, onOpen: (item) => navigate(pathOf(item)) });
  return (
    <>
      <div
        className="rows found"
        ref={box}
        role="grid"
        aria-label="Found"
        aria-rowcount={items.length + 1}
        {...(chosen >= from && chosen < to && { "aria-activedescendant": `found-${String(items[chosen]?.seq)}` })}
        tabIndex={0}
      >
        <RowsHead names={["Time", "Who", "Decision", "What"]} />
        <div role="rowgroup" className="rows-body" style={{ height: items.length * ROW_PX }}>
          {items.slice(from, to).map((item, place) => (
            <FoundRow key={item.seq} item={item} index={from + place} chosen={from + place === chosen} />
          ))}
        </div>
      </div>
      <MoreButton more={more} />
    </>
  );
}

interface FoundRowProps {
  readonly item: Found;
  readonly index: number;
  readonly chosen: boolean;
}

function FoundRow({ item, index, chosen }: FoundRowProps): ReactNode {
  const { seq, at, person, host, decision, line, reason, status, signal } = item;
  const end = signal ?? (status === undefined || status === 0 ? "" : `exit ${String(status)}`);
  return (
    <div
      role="row"
      id={`found-${String(seq)}`}
      className="row"
      aria-rowindex={index + 2}
      aria-selected={chosen}
      style={{ transform: `translateY(${String(index * ROW_PX)}px)` }}
    >
      <span role="gridcell">
        <Time at={at} />
      </span>
      <span role="gridcell">{`${person}@${host}`}</span>
      <span role="gridcell">
        <Decision decision={decision} />
      </span>
      <span role="gridcell">
        <Link href={pathOf(item)}>
          <code>{escapeControls(line) || "(erased)"}</code>
        </Link>
        {end !== "" && <span className="bad"> {end}</span>}
        {reason !== "" && <span className="quiet"> {escapeControls(reason)}</span>}
      </span>
    </div>
  );
}

/** The event in its run. */
function pathOf({ run, seq }: Found): string {
  return `/runs/${run}/events/${String(seq)}`;
}
