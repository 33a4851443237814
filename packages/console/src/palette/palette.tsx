import {
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  type KeyboardEvent as ReactKeyboardEvent,
  type ReactNode,
} from "react";
import type { RunOfServer } from "@bailiwick/control-plane/contract";
import { flushSync } from "react-dom";
import { useLocation } from "wouter";
import { setKeysOn } from "../keys.ts";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { itemsFor, type Item, type OrderName } from "./items.ts";
import { OrderForm } from "./order-form.tsx";

/** Ctrl or Cmd and K: where to go, and what can be done here. */
export function Palette({ session }: { readonly session: Session }): ReactNode {
  // Which opening this is. A dialog tells of its end only some time after it has closed: the next one may be open by then.
  const [opening, setOpening] = useState<number>();
  const openings = useRef(0);
  const open = (): void => {
    if (document.querySelector("dialog.palette[open]") === null) setOpening(++openings.current);
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "k" || (!event.ctrlKey && !event.metaKey) || event.altKey) return;
      event.preventDefault();
      // At once: what is typed next is for the dialog.
      flushSync(open);
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  return (
    <>
      <button type="button" className="palette-button" aria-keyshortcuts="Control+K Meta+K" onClick={open}>
        Go or do <kbd>Ctrl K</kbd>
      </button>
      {opening !== undefined && (
        <Dialog
          key={opening}
          actions={session.actions}
          onClose={() => setOpening((now) => (now === opening ? undefined : now))}
        />
      )}
    </>
  );
}

interface DialogProps {
  readonly actions: readonly string[];
  readonly onClose: () => void;
}

function Dialog({ actions, onClose }: DialogProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const [order, setOrder] = useState<OrderName>();
  const { runs, run, error } = useKnown();
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} className="palette" aria-label="Go or do" onClose={onClose}>
      {order !== undefined && run !== undefined ? (
        <OrderForm order={order} run={run} onClose={() => dialog.current?.close()} />
      ) : (
        <Choice known={{ actions, runs, run }} onOrder={setOrder} onDone={() => dialog.current?.close()} />
      )}
      {error !== undefined && <Problem error={error} />}
    </dialog>
  );
}

interface ChoiceProps {
  readonly known: Parameters<typeof itemsFor>[1];
  readonly onOrder: (order: OrderName) => void;
  readonly onDone: () => void;
}

function Choice({ known, onOrder, onDone }: ChoiceProps): ReactNode {
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  const [, navigate] = useLocation();
  const items = itemsFor(text, known);
  const at = Math.min(index, items.length - 1);
  const choose = ({ act, hindrance }: Item): void => {
    if (hindrance !== undefined) return;
    if ("order" in act) {
      onOrder(act.order);
      return;
    }
    if ("keys" in act) setKeysOn(act.keys);
    else navigate(act.go);
    onDone();
  };
  const onKeyDown = (event: ReactKeyboardEvent): void => {
    const chosen = items[at];
    if (event.key === "ArrowDown") setIndex((at + 1) % Math.max(1, items.length));
    else if (event.key === "ArrowUp") setIndex((at + items.length - 1) % Math.max(1, items.length));
    else if (event.key === "Enter" && chosen !== undefined) choose(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        autoFocus
        role="combobox"
        aria-label="Where to go or what to do"
        aria-expanded="true"
        aria-controls="palette-items"
        {...(items.length > 0 && { "aria-activedescendant": `palette-${String(at)}` })}
        placeholder="A page, an action, words of a run"
        value={text}
        onKeyDown={onKeyDown}
        onChange={({ target }) => {
          setText(target.value);
          setIndex(0);
        }}
      />
      <div role="listbox" id="palette-items" aria-label="Pages, actions and runs">
        {items.map((item, place) => (
          <div
            key={item.id}
            id={`palette-${String(place)}`}
            role="option"
            aria-selected={place === at}
            aria-disabled={item.hindrance !== undefined}
            onClick={() => choose(item)}
          >
            <span className="label">{item.label}</span>
            <span className="quiet">{item.hindrance ?? item.hint}</span>
          </div>
        ))}
      </div>
      {items.length === 0 && <p className="empty">Nothing has these words among the newest thousand runs.</p>}
    </>
  );
}

interface KnownRuns {
  readonly runs: readonly RunOfServer[];
  readonly run: RunOfServer | undefined;
  readonly error: unknown;
}

/** The newest runs, and the one whose page is open, as they are now. */
function useKnown(): KnownRuns {
  const [known, setKnown] = useState<KnownRuns>({ runs: [], run: undefined, error: undefined });
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const id = /^\/runs\/([0-9a-z]+)/.exec(location.pathname)?.[1];
    const show = (change: Partial<KnownRuns>): void => {
      if (!signal.aborted) setKnown((before) => ({ ...before, ...change }));
    };
    const fail = (error: unknown): void => {
      show({ error });
    };
    server.call("listRuns", { query: { limit: 1_000 } }, { signal }).then(({ items }) => show({ runs: items }), fail);
    if (id !== undefined) {
      server.call("showRun", { params: { run: id } }, { signal }).then((run) => show({ run }), fail);
    }
    return () => {
      ending.abort();
    };
  }, []);
  return known;
}
