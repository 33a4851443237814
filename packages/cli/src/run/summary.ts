import { escapeControls, formatCommand } from "@bailiwick/base";
import { failureText, type EndReason, type RunOutcome, type WitnessReport } from "@bailiwick/run";
import { count, formatDuration, type Paint } from "../format.ts";
import { budgetText, moneyText, tokensText } from "../runs/model-text.ts";

/** Whether the record of the run was found whole, in order and signed; or why that is not known. */
export type Verified = { readonly ok: boolean } | { readonly unknown: string };

const ENDED: Readonly<Record<EndReason, string>> = {
  exited: "ended",
  killed: "killed",
  "wall-time": "ended: out of time",
  budget: "ended: a budget is spent",
  tampering: "ended: tampering",
  supervisor: "ended: supervision failed",
  record: "ended: the record could not be written",
};

/** Names that are listed before the rest is only counted. */
const LISTED = 5;

/** What a person is told at the end: what ran, what was refused, whom it talked to, what it changed, and what vouches for that. */
export function summaryText(outcome: RunOutcome, verified: Verified, paint: Paint): string {
  const { run, status, reason, detail, wallMs, counts, changed, enforcement, record } = outcome;
  const how =
    status === 0 ? paint("green", ENDED[reason]) : paint("yellow", `${ENDED[reason]}, status ${String(status)}`);
  const refused = counts.refused === 0 ? "none refused" : paint("red", `${String(counts.refused)} refused`);
  const asked = counts.asked === 0 ? "none asked" : `${String(counts.asked)} asked`;
  const enforced = enforcement.filter(({ state }) => state === "enforced");
  const missing = enforcement.filter(({ state }) => state === "unavailable").map(({ layer }) => layer);
  const without = missing.length === 0 ? "" : `; not here: ${missing.join(", ")}`;
  const rows = [
    ["commands", `${String(counts.execs)} run, ${refused}, ${asked}`],
    ["hosts", hostsText(outcome, paint)],
    ...requestsRow(outcome, paint),
    ...modelsRow(outcome),
    ...budgetRows(outcome, paint),
    [
      "files",
      changed.count === 0
        ? "none changed"
        : `${atLeast(changed)}${count(changed.count, "file")} changed: ${listed(changed.paths)}`,
    ],
    ["enforced", `${enforced.map(({ layer }) => layer).join(", ")}${without}`],
    ["record", `${escapeControls(record.directory)}, ${verifiedText(verified, paint)}`],
    ...witnessRow(record.witnessed, paint),
    ["look", `bailiwick runs show ${run}`],
  ];
  const refusals = refusalLines(outcome, paint);
  const why = detail === undefined ? "" : `  ${escapeControls(detail)}\n`;
  const lines = rows.map(([name = "", text = ""]) => `  ${paint("dim", name.padEnd(9))} ${text}\n`);
  return `${paint("bold", "bailiwick")}: ${how} after ${formatDuration(wallMs)}\n${why}${lines.join("")}${refusals}`;
}

/** The same for programs. */
export function summaryJson(outcome: RunOutcome, verified: Verified): string {
  return JSON.stringify({ type: "summary", ...outcome, verified: "ok" in verified ? verified.ok : null });
}

/** What was refused and why; the same command refused again, as a PATH search does, is one line. */
function refusalLines({ refusals, counts }: RunOutcome, paint: Paint): string {
  const lines = new Set(
    refusals.map(({ argv, reason, policies }) => {
      const named = policies.length === 0 ? "" : ` [${policies.join(", ")}]`;
      return `  ${paint("red", "✗")} ${formatCommand(argv, 100)}\n    ${escapeControls(reason + named)}\n`;
    }),
  );
  if (counts.refused > refusals.length) lines.add(`  and ${String(counts.refused - refusals.length)} more\n`);
  return [...lines].join("");
}

/** Only where connections were looked into. */
function requestsRow({ counts, refusedRequests }: RunOutcome, paint: Paint): string[][] {
  const { requests, requestsRefused, alarms } = counts;
  if (requests + requestsRefused + alarms === 0) return [];
  const first = refusedRequests[0];
  const example = first === undefined ? "" : `: ${escapeControls(first.what.slice(0, 100))}`;
  const refused = requestsRefused === 0 ? "none refused" : paint("red", `${String(requestsRefused)} refused${example}`);
  const alarmed = alarms === 0 ? "" : paint("red", `, ${count(alarms, "alarm")}`);
  return [["requests", `${String(requests)} sent, ${refused}${alarmed}`]];
}

/** Only where a model was heard. */
function modelsRow({ models }: RunOutcome): string[][] {
  if (models === undefined) return [];
  const cost = models.cost === undefined ? [] : [moneyText(models.cost)];
  const parts = [count(models.answers, "answer"), count(models.calls, "call"), tokensText(models.tokens), ...cost];
  return [["models", parts.join(", ")]];
}

/** Only what was used up; that a run was ended for it is said above. */
function budgetRows({ budgets }: RunOutcome, paint: Paint): string[][] {
  const told = budgets.slice(0, LISTED).map((spent) => ["budget", paint("yellow", budgetText(spent))]);
  return budgets.length <= LISTED ? told : [...told, ["budget", `and ${String(budgets.length - LISTED)} more`]];
}

function hostsText({ hostsReached, hostsRefused, counts }: RunOutcome, paint: Paint): string {
  const reached = hostsReached.length === 0 ? "none reached" : `${listed(hostsReached)} reached`;
  if (counts.hostsRefused === 0) return reached;
  return `${reached}, ${paint("red", `${listed(hostsRefused)} refused`)}`;
}

function verifiedText(verified: Verified, paint: Paint): string {
  if ("unknown" in verified) return paint("red", verified.unknown);
  return verified.ok ? paint("green", "verified") : paint("red", "NOT VERIFIED: run `bailiwick audit verify`");
}

/** Nothing where the profile names no witness. */
function witnessRow(report: WitnessReport | undefined, paint: Paint): [string, string][] {
  if (report === undefined) return [];
  const { by, missing, quorum, met, required } = report;
  const without = missing.map(({ witness, reason }) => `${witness} ${failureText(reason)}`).join(", ");
  const had = by.length === 0 ? "by nobody" : `by ${by.map(({ witness }) => witness).join(", ")}`;
  const text = `${had}${without === "" ? "" : `; ${without}`}`;
  const of = `${String(quorum)} of ${String(by.length + missing.length)} needed`;
  return [["witnessed", met || !required ? text : `${paint("red", "NOT WITNESSED")}: ${text} (${of})`]];
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, LISTED).map(escapeControls).join(", ");
  return names.length <= LISTED ? first : `${first} and ${String(names.length - LISTED)} more`;
}

function atLeast({ complete }: RunOutcome["changed"]): string {
  return complete ? "" : "at least ";
}
