import { useEffect, useRef } from "react";

const KEPT = "bailiwick-keys";

/** Whoever speaks to their computer, or holds it unsteadily, can do without keys that act alone (WCAG 2.2, 2.1.4). */
export function areKeysOn(): boolean {
  return localStorage.getItem(KEPT) !== "off";
}

export function setKeysOn(on: boolean): void {
  localStorage.setItem(KEPT, on ? "on" : "off");
}

/** They move within what has the focus, and are no characters. */
const MOVING = /^(Arrow|Page|Home|End|Escape)/;

/**
 * Keys of a page, by the names that browsers give them. They mean nothing while something is being written, a modifier is held, or a dialog is
 * open; of several that know a key the page that came last has it.
 */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  const latest = useRef(keys);
  useEffect(() => {
    latest.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const { target, key } = event;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isWrittenTo(target)) return;
      if (document.querySelector("dialog[open]") !== null) return;
      if (!areKeysOn() && !MOVING.test(key)) return;
      // What is pressed on a button is for that button.
      if ((key === "Enter" || key === " ") && target instanceof HTMLElement && target.matches("button, a, summary"))
        return;
      const act = Object.hasOwn(latest.current, key) ? latest.current[key] : undefined;
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, []);
}

/** What is in a dialog that was just closed has the focus until the browser draws the next picture. */
function isWrittenTo(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement) || target.closest("dialog:not([open])") !== null) return false;
  return target.matches("input, select, textarea, .code-editor");
}

/** Goes to the page's filter. */
export function focusFilter(): void {
  document.getElementById("filter")?.focus();
}
