import type { ReactNode } from "react";
import { useSearchParams } from "wouter";
import { focusFilter, useKeys } from "../keys.ts";

/** What a list is narrowed to: a part of the address, so that a link shows the same. */
export function useFilter(): string {
  const [search] = useSearchParams();
  return search.get("q") ?? "";
}

interface FilterFieldProps {
  readonly label: string;
  readonly placeholder: string;
}

/** Where {@link useFilter} is written. The key `/` goes to it. */
export function FilterField({ label, placeholder }: FilterFieldProps): ReactNode {
  const filter = useFilter();
  const [, setSearch] = useSearchParams();
  useKeys({ "/": focusFilter });
  return (
    <input
      id="filter"
      type="search"
      aria-label={label}
      aria-keyshortcuts="/"
      placeholder={`${placeholder} ( / )`}
      value={filter}
      onChange={({ target }) => setSearch(target.value === "" ? {} : { q: target.value }, { replace: true })}
    />
  );
}
