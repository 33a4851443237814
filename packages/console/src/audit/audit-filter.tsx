import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { useSearchParams } from "wouter";
import type { Sought } from "./use-report.ts";

const FIELDS = ["person", "action", "from", "to"] as const;
/** Given by links from elsewhere, and kept. */
const KEPT = ["host", "run", "team"] as const;

/** What the address seeks; what is no time is left out. */
export function soughtOf(params: URLSearchParams): Sought {
  const text = (name: string): string | undefined => params.get(name) ?? undefined;
  const time = (name: string): number | undefined => {
    const at = Date.parse(params.get(name) ?? "");
    return Number.isNaN(at) ? undefined : at;
  };
  const [from, to] = [time("from"), time("to")];
  const named = {
    person: text("person"),
    action: text("action"),
    host: text("host"),
    run: text("run"),
    team: text("team"),
  };
  // The last minute is meant as a whole.
  return { ...named, from, to: to === undefined ? undefined : to + 59_999 };
}

/** By person, by what was done, by time: part of the address. */
export function AuditFilter(): ReactNode {
  const [params, setParams] = useSearchParams();
  const address = params.toString();
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  useEffect(() => {
    const given = new URLSearchParams(address);
    setTexts(Object.fromEntries(FIELDS.map((name) => [name, given.get(name) ?? ""])));
  }, [address]);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    const kept = KEPT.flatMap((name) => (params.get(name) === null ? [] : [[name, params.get(name) ?? ""]]));
    const given = FIELDS.flatMap((name) => ((texts[name] ?? "") === "" ? [] : [[name, texts[name]?.trim() ?? ""]]));
    setParams(new URLSearchParams([...kept, ...given]));
  };
  const field = (name: (typeof FIELDS)[number]) => ({
    value: texts[name] ?? "",
    onChange: ({ target }: { target: { value: string } }) => setTexts({ ...texts, [name]: target.value }),
  });
  return (
    <form role="search" className="audit-filter" onSubmit={send}>
      <label>
        Person <input id="filter" aria-keyshortcuts="/" size={10} maxLength={63} {...field("person")} />
      </label>
      <label>
        Action <input size={14} maxLength={60} list="audit-actions" {...field("action")} />
      </label>
      <datalist id="audit-actions">
        {["right.refused", "readRun", "killRun", "answerQuestion", "grantRole", "role.given", "revokeHost"].map(
          (name) => (
            <option key={name}>{name}</option>
          ),
        )}
      </datalist>
      <label>
        From <input type="datetime-local" {...field("from")} />
      </label>
      <label>
        To <input type="datetime-local" {...field("to")} />
      </label>
      <button type="submit">Look</button>
      {KEPT.map((name) => {
        const value = params.get(name);
        return value === null ? null : <span key={name} className="quiet">{`${name} ${value}`}</span>;
      })}
    </form>
  );
}
