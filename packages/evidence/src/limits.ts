/** What the record of this period cannot show, in plain words: first what was found out about it, then what holds for every record. */
import { foundOf, type Facts } from "./facts.ts";

export function limitsOf(facts: Facts): readonly string[] {
  return [...foundLimits(facts), ...ALWAYS];
}

function foundLimits(facts: Facts): string[] {
  const { verification, runs, unattributed } = facts;
  const unended = runs.filter(({ summary }) => summary.ended === undefined).length;
  const erased = runs.filter(({ summary }) => summary.erased !== undefined).length;
  const weaker = runs.filter(({ started }) => started?.enforcement.some(({ state }) => state !== "enforced")).length;
  const said: (readonly [boolean, string])[] = [
    [
      !verification.ok,
      `The record did not verify when this archive was made (${String(verification.problems.length)} problems, listed in evidence.json): entries that are not proven one by one prove nothing.`,
    ],
    [
      unended > 0,
      `${String(unended)} runs have no end: they went on when this archive was made, or their supervisor was killed.`,
    ],
    [
      erased > 0,
      `Of ${String(erased)} runs the personal data was erased: who ran what in them is no longer known to anybody.`,
    ],
    [
      unattributed > 0,
      `${String(unattributed)} runs of the period may or may not belong to this project: their personal data was erased.`,
    ],
    [
      weaker > 0,
      `${String(weaker)} runs name a layer that was not there on their host; see their enforcement statements.`,
    ],
    [
      foundOf(facts, "witnesses").count === 0,
      "No witness cosigned the record in this period: whoever holds the log's key could have written another history, and nobody would know.",
    ],
  ];
  return said.filter(([holds]) => holds).map(([, text]) => text);
}

const ALWAYS = [
  "It shows runs that were started with Bailiwick on this one host. Agents that ran elsewhere or without it leave nothing here.",
  "It shows that somebody used the account it names, not which person sat at the keyboard.",
  "It shows which programs ran, with their arguments and files. What a permitted interpreter did within its own process is not in it.",
  "It shows to which hosts how many bytes went. What was in them is not in it, unless the host was inspected.",
  "Times are those of the host's clock.",
  "It shows that policies were in force and by which digest. Whether they were the right ones is for you to judge.",
] as const;
