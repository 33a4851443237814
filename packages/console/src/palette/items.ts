/** What the palette leads to. */
import { formatCommand } from "@bailiwick/base";
import type { RunOfServer } from "@bailiwick/control-plane/contract";
import { hindranceOf } from "../acts/hindrance.ts";
import { areKeysOn } from "../keys.ts";
import { hasWords } from "../rows/has-words.ts";
import { matches, stateOf } from "../runs/filter.ts";

export const ORDERS = {
  pause: {
    route: "pauseRuns",
    action: "pauseRun",
    label: "Pause this run",
    what: "All its processes are stopped until somebody lets it go on, or an hour is over.",
  },
  resume: {
    route: "resumeRuns",
    action: "pauseRun",
    label: "Let this run go on",
    what: "Lifts the pauses that were ordered for this run.",
  },
  kill: {
    route: "killRuns",
    action: "killRun",
    label: "End this run",
    what: "All its processes are killed. What they had not finished stays as it is.",
  },
} as const;
export type OrderName = keyof typeof ORDERS;

export interface Item {
  readonly id: string;
  readonly label: string;
  readonly hint: string;
  /** Why it can't be chosen; undefined: it can. */
  readonly hindrance?: string | undefined;
  readonly act: { readonly go: string } | { readonly order: OrderName } | { readonly keys: boolean };
}

export interface Known {
  /** Actions that some role of who looks permits somewhere. */
  readonly actions: readonly string[];
  /** The newest runs. */
  readonly runs: readonly RunOfServer[];
  /** The run whose page is open. */
  readonly run: RunOfServer | undefined;
}

const MOST_RUNS = 8;

/** What has all of these words, what can be done here first. */
export function itemsFor(text: string, { actions, runs, run }: Known): readonly Item[] {
  const named = [...(run === undefined ? [] : runItems(run, actions)), ...pageItems(text)].filter(({ label, hint }) =>
    hasWords(`${label} ${hint}`, text),
  );
  const found = runs.filter((each) => matches(each, text)).slice(0, MOST_RUNS);
  return [...named, ...found.map(runItem)];
}

function runItems(run: RunOfServer, actions: readonly string[]): Item[] {
  const evidence = {
    ...{ id: "evidence-run", label: "Evidence of this run", hint: "page" },
    hindrance: hindranceOf(actions, "exportAudit"),
    act: { go: `/evidence?scope=Run:${run.run}` },
  };
  const orders = (["pause", "resume", "kill"] as const).map((order) => {
    const { label, action } = ORDERS[order];
    const hindrance = run.endedAt !== undefined ? "it has ended" : hindranceOf(actions, action);
    return { id: order, label, hint: formatCommand(run.command, 60), hindrance, act: { order } };
  });
  return [...orders, evidence];
}

function pageItems(text: string): Item[] {
  const query = text.trim();
  return [
    { id: "runs", label: "Runs", hint: "page", act: { go: "/runs" } },
    { id: "approvals", label: "Approvals", hint: "page", act: { go: "/approvals" } },
    { id: "policies", label: "Policies", hint: "page", act: { go: "/policies" } },
    { id: "tasks", label: "Tasks", hint: "page", act: { go: "/tasks" } },
    { id: "submit", label: "Submit a task", hint: "page", act: { go: "/tasks/new" } },
    { id: "people", label: "People", hint: "page", act: { go: "/people" } },
    { id: "roles", label: "Roles", hint: "page", act: { go: "/roles" } },
    { id: "access", label: "Who may do what", hint: "page", act: { go: "/access" } },
    { id: "settings", label: "Settings", hint: "page", act: { go: "/settings" } },
    { id: "search", label: "Search", hint: "page", act: { go: "/search" } },
    { id: "audit", label: "Audit", hint: "page, who did what", act: { go: "/audit" } },
    { id: "evidence", label: "Evidence", hint: "page, archives for auditors", act: { go: "/evidence" } },
    { id: "check", label: "Check a proof", hint: "page", act: { go: "/audit/check" } },
    { id: "hosts", label: "Hosts", hint: "page", act: { go: "/hosts" } },
    {
      id: "keys",
      label: areKeysOn() ? "Turn single keys off" : "Turn single keys on",
      hint: "j k r y a n u /",
      act: { keys: !areKeysOn() },
    },
    ...(query === ""
      ? []
      : [withWords("Runs with", "/runs", query), withWords("Search all events for", "/search", query)]),
  ];
}

function withWords(what: string, path: string, query: string): Item {
  const go = `${path}?${new URLSearchParams({ q: query }).toString()}`;
  return { id: `words-${path}`, label: `${what} “${query}”`, hint: "page", act: { go } };
}

function runItem(run: RunOfServer): Item {
  const { person, host, name } = run;
  return {
    id: `run-${run.run}`,
    label: run.erased ? "(erased)" : (name ?? formatCommand(run.command, 80)),
    hint: `${stateOf(run)}, ${person}@${host}`,
    act: { go: `/runs/${run.run}` },
  };
}
