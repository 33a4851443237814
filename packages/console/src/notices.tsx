/** What a person has to know although the page that it is about is gone: kept by the browser's tab until they have seen it. */
import { useSyncExternalStore, type ReactNode } from "react";

const KEY = "bailiwick-notices";
const listeners = new Set<() => void>();
let known: { readonly text: string; readonly notices: readonly string[] } = { text: "", notices: [] };

export function addNotice(notice: string): void {
  keep([...read(), notice]);
}

function read(): readonly string[] {
  const text = sessionStorage.getItem(KEY) ?? "[]";
  if (text === known.text) return known.notices;
  const parsed: unknown = JSON.parse(text);
  known = { text, notices: Array.isArray(parsed) ? parsed.filter((each) => typeof each === "string") : [] };
  return known.notices;
}

function keep(notices: readonly string[]): void {
  sessionStorage.setItem(KEY, JSON.stringify(notices));
  for (const tell of listeners) tell();
}

function subscribe(tell: () => void): () => void {
  listeners.add(tell);
  return () => {
    listeners.delete(tell);
  };
}

export function Notices(): ReactNode {
  const notices = useSyncExternalStore(subscribe, read);
  return (
    <div role="status">
      {notices.map((notice, index) => (
        <p key={`${String(index)} ${notice}`} className="notice">
          {notice}
          <button
            type="button"
            onClick={() => {
              keep(notices.filter((_, other) => other !== index));
            }}
          >
            Seen
          </button>
        </p>
      ))}
    </div>
  );
}
