import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useState, type ReactNode } from "react";
import { useLocation, useSearchParams } from "wouter";
import { focusFilter, useKeys } from "../keys.ts";
import { isForbidden, Problem } from "../problem.tsx";
import { EventDetail } from "./event-detail.tsx";
import { EventRows, type Rows } from "./event-rows.tsx";
import { isShown, Matches, SHOWN, type Filter } from "./matches.ts";
import { RunHead } from "./run-head.tsx";
import type { Row } from "./rows.ts";
import { useRun, type RunState } from "./use-run.ts";

/** Loaded by who looks at one: what draws terminals is half as large as all the rest. */
const TerminalPanel = lazy(() => import("../terminal/terminal-panel.tsx"));

const PAGE_ROWS = 20;
/** Browsers let a page change its address only so often. */
const ADDRESS_MS = 250;

/** @param seq of the event that is looked at */
export function RunPage({ run, seq }: { readonly run: string; readonly seq: number | undefined }): ReactNode {
  const state = useRun(run);
  const [search] = useSearchParams();
  const show = search.get("show");
  const filter: Filter = { show: isShown(show) ? show : "everything", words: search.get("q") ?? "" };
  const { rows, flat, version } = useRows(state, filter);
  const selection = useSelection(run, seq);
  const selected = selection.seq === undefined ? undefined : state.model.find(selection.seq);
  useRunKeys(rows, selected, selection.select);
  const terminal = useTerminal();
  const [now, setNow] = useState<Row>();
  const filtered = rows.length === 0 && state.model.rows.length > 0;
  return (
    <>
      <RunHead run={run} state={state} />
      <Filters {...{ filter, state, terminal }} shown={rows.length} />
      {isForbidden(state.error) && state.facts !== undefined ? (
        <p className="empty">
          You may see that this run is there, but not what happened in it. That needs the right readRun or watchRun.
        </p>
      ) : (
        state.error !== undefined && <Problem error={state.error} />
      )}
      <div className="run-body">
        {rows.length > 0 && <EventRows {...{ rows, flat, version, selected, now }} onSelect={selection.select} />}
        {filtered && <p className="empty">Nothing of this run matches. Show everything, or take a word out.</p>}
        {rows.length === 0 && !filtered && state.error === undefined && (
          <p className="empty">Nothing has happened in this run yet, as far as its host has sent it.</p>
        )}
        {(terminal.isShown || selection.seq !== undefined) && (
          <div className="beside">
            {terminal.isShown && (
              <Suspense fallback={<p className="empty">Loading…</p>}>
                <TerminalPanel {...{ run, selected }} model={state.model} onSelect={selection.select} onNow={setNow} />
              </Suspense>
            )}
            {selection.seq !== undefined && (
              <EventDetail run={run} seq={selection.seq} row={selected} onClose={() => selection.select(undefined)} />
            )}
          </div>
        )}
      </div>
    </>
  );
}

const STANDING: Readonly<Record<RunState["standing"], string>> = {
  loading: "○ asking",
  live: "● live",
  lost: "○ not connected",
  read: "○ as it was when it was read: you may read this run, not watch it",
  whole: "✓ all of it",
};

interface FiltersProps {
  readonly filter: Filter;
  readonly state: RunState;
  readonly shown: number;
  readonly terminal: Terminal;
}

function Filters({ filter, state, shown, terminal }: FiltersProps): ReactNode {
  const [, setSearch] = useSearchParams();
  const set = (change: Partial<Filter>): void => {
    const { show, words } = { ...filter, ...change };
    setSearch(
      {
        ...(show !== "everything" && { show }),
        ...(words !== "" && { q: words }),
        ...(terminal.isShown && { terminal: "" }),
      },
      { replace: true },
    );
  };
  return (
    <div className="page-head">
      <label>
        Show{" "}
        <select
          value={filter.show}
          onChange={({ target: { value } }) => {
            if (isShown(value)) set({ show: value });
          }}
        >
          {Object.keys(SHOWN).map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <input
        id="filter"
        type="search"
        aria-label="Filter events"
        aria-keyshortcuts="/"
        placeholder="Words ( / ); j k next and previous, r next refusal"
        value={filter.words}
        onChange={({ target }) => {
          set({ words: target.value });
        }}
      />
      <button type="button" aria-pressed={terminal.isShown} aria-keyshortcuts="t" onClick={terminal.toggle}>
        Terminal (t)
      </button>
      <p role="status">
        {STANDING[state.standing]} · {shown} of {state.model.rows.length}
      </p>
    </div>
  );
}

interface Terminal {
  readonly isShown: boolean;
  readonly toggle: () => void;
}

/** Shown by who wants to see it, and by a link that says so: each use of the right to is in the server's log. */
function useTerminal(): Terminal {
  const [search, setSearch] = useSearchParams();
  const isShown = search.has("terminal");
  const toggle = (): void => {
    setSearch(
      (before) => {
        const changed = new URLSearchParams(before);
        if (isShown) changed.delete("terminal");
        else changed.set("terminal", "");
        return changed;
      },
      { replace: true },
    );
  };
  useKeys({ t: toggle });
  return { isShown, toggle };
}

/** Rows looked at in one go: some milliseconds. */
const LOOKED_AT = 20_000;

function useRows(state: RunState, { show, words }: Filter): { rows: Rows; flat: boolean; version: number } {
  const { model } = state;
  const wanted = useDeferredValue(words);
  const flat = show !== "everything" || wanted.trim() !== "";
  const matches = useMemo(() => new Matches({ show, words: wanted }), [model, show, wanted]);
  const [looked, setLooked] = useState(0);
  useEffect(() => {
    if (!flat) return;
    const before = matches.found.length;
    if (matches.look(model.rows, LOOKED_AT) && matches.found.length === before) return;
    const timer = window.setTimeout(() => {
      setLooked((looks) => looks + 1);
    });
    return () => {
      window.clearTimeout(timer);
    };
  }, [flat, matches, model, state.version, looked]);
  const rows = useMemo<Rows>(() => (flat ? listOf(matches.found) : model.tree), [flat, matches, model]);
  return { rows, flat, version: state.version + looked };
}

/** Rows in the order of arrival. */
function listOf(found: readonly Row[]): Rows {
  return {
    get length() {
      return found.length;
    },
    at: (index) => found[index],
    indexOf(row) {
      let low = 0;
      let high = found.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((found[middle]?.seq ?? Infinity) < row.seq) low = middle + 1;
        else high = middle;
      }
      return found[low] === row ? low : -1;
    },
  };
}

interface Selection {
  readonly seq: number | undefined;
  readonly select: (seq: number | undefined) => void;
}

/** The event that is looked at: at once here, and soon in the address, so that a link shows the same. */
function useSelection(run: string, ofAddress: number | undefined): Selection {
  const [, navigate] = useLocation();
  const [seq, select] = useState(ofAddress);
  useEffect(() => {
    select(ofAddress);
  }, [ofAddress]);
  useEffect(() => {
    if (seq === ofAddress) return;
    const timer = window.setTimeout(() => {
      const path = `/runs/${run}${seq === undefined ? "" : `/events/${String(seq)}`}`;
      navigate(path + location.search, { replace: true });
    }, ADDRESS_MS);
    return () => {
      window.clearTimeout(timer);
    };
  }, [run, seq, ofAddress, navigate]);
  return { seq, select };
}

function useRunKeys(rows: Rows, selected: Row | undefined, select: Selection["select"]): void {
  const index = selected === undefined ? -1 : rows.indexOf(selected);
  const go = (to: number): void => {
    const row = rows.at(Math.max(0, Math.min(rows.length - 1, to)));
    if (row !== undefined) select(row.seq);
  };
  const seek = (step: 1 | -1): void => {
    const { length } = rows;
    const from = index < 0 && step < 0 ? length : index;
    for (let walked = 1; walked <= length; walked++) {
      const row = rows.at((((from + step * walked) % length) + length) % length);
      if (row?.decision === "refused") {
        select(row.seq);
        return;
      }
    }
  };
  const [down, up] = [() => go(index + 1), () => go(index - 1)];
  useKeys({
    ...{ j: down, ArrowDown: down, k: up, ArrowUp: up, "/": focusFilter },
    ...{ Home: () => go(0), End: () => go(rows.length - 1) },
    ...{ PageDown: () => go(index + PAGE_ROWS), PageUp: () => go(index - PAGE_ROWS) },
    r: () => seek(1),
    R: () => seek(-1),
    Escape: () => select(undefined),
  });
}
