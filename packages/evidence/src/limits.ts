/** What the record of this period cannot show, in plain words: first what was found out about it, then what holds for every record. */
import { foundOf, isVerified, type Facts } from "./facts.ts";

export function limitsOf(facts: Facts): readonly string[] {
  const { order } = facts;
  const where = order === undefined ? OF_HOST : OF_SERVER;
  return [...foundLimits(facts), ...(order?.leftOut ?? []), ...where, ...ALWAYS];
}

function foundLimits(facts: Facts): string[] {
  const { logs, runs, unattributed } = facts;
  const problems = logs.reduce((sum, { verification }) => sum + verification.problems.length, 0);
  const unended = runs.filter(({ summary }) => summary.ended === undefined).length;
  const erased = runs.filter(({ summary }) => summary.erased !== undefined).length;
  const weaker = runs.filter(({ started }) => started?.enforcement.some(({ state }) => state !== "enforced")).length;
  const said: (readonly [boolean, string])[] = [
    [
      !isVerified(facts),
      `The record did not verify when this archive was made (${String(problems)} problems, listed in evidence.json): entries that are not proven one by one prove nothing.`,
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
      facts.order === undefined && foundOf(facts, "witnesses").count === 0,
      "No witness cosigned the record in this period: whoever holds the log's key could have written another history, and nobody would know.",
    ],
  ];
  return said.filter(([holds]) => holds).map(([, text]) => text);
}

const OF_HOST = [
  "It shows runs that were started with Bailiwick on this one host. Agents that ran elsewhere or without it leave nothing here.",
] as const;

const OF_SERVER = [
  "It shows runs that were started with Bailiwick on hosts that send their records to this server, and of these the ones that were asked for. Agents that ran elsewhere or without it leave nothing here.",
  "That the hosts' keys are theirs is what the server says, which enrolled them; who has a host's key from elsewhere should compare it.",
  "What personal data was erased from the server is not in it; what is erased later stays in it.",
] as const;

const ALWAYS = [
  "It shows that somebody used the account it names, not which person sat at the keyboard.",
  "It shows which programs ran, with their arguments and files. What a permitted interpreter did within its own process is not in it.",
  "It shows to which hosts how many bytes went. What was in them is not in it, unless the host was inspected.",
  "Times are those of the host's clock.",
  "It shows that policies were in force and by which digest. Whether they were the right ones is for you to judge.",
] as const;
