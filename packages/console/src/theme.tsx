import { useEffect, useSyncExternalStore, type ReactNode } from "react";

const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const KEY = "bailiwick-theme";

function readTheme(): Theme {
  const kept = localStorage.getItem(KEY);
  return THEMES.find((theme) => theme === kept) ?? "system";
}

/** It is chosen at several places, of several tabs. */
function subscribe(tell: () => void): () => void {
  window.addEventListener("storage", tell);
  return () => {
    window.removeEventListener("storage", tell);
  };
}

function setTheme(theme: Theme): void {
  localStorage.setItem(KEY, theme);
  // Browsers tell other tabs alone.
  window.dispatchEvent(new StorageEvent("storage", { key: KEY }));
}

export function ThemeChoice(): ReactNode {
  const theme = useSyncExternalStore(subscribe, readTheme);
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return (
    <label className="theme">
      Theme{" "}
      <select
        value={theme}
        onChange={({ target }) => {
          setTheme(THEMES.find((each) => each === target.value) ?? "system");
        }}
      >
        {THEMES.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}
