/** What a report says to a person, the same on every surface. Browser-safe. */
import type { ProofReport } from "./check-proof.ts";

export interface ReportText {
  /** `proven: entry 17 of 42`, `NOT PROVEN: entry 17 of 42`. */
  readonly verdict: string;
  /** Name and text, one line each; texts may hold whatever the proof holds, and must be escaped for where they go. */
  readonly rows: readonly (readonly [name: string, text: string])[];
}

export function reportText(report: ProofReport): ReportText {
  const { ok, problems, index, head, entry, personal, event, origin, witnessed, quorum } = report;
  const where = index === undefined || head === undefined ? "" : `: entry ${String(index)} of ${String(head.size)}`;
  if (!ok) return { verdict: `NOT PROVEN${where}`, rows: problems.map(({ kind, detail }) => [kind, detail]) };
  const witnesses = witnessed.map(({ name, timeS }) => `${name} at ${formatUtc(timeS * 1000)}`);
  const rows: (readonly [string, string])[] = [
    ["event", event === undefined ? "none" : `${event.type} of run ${event.run}, ${formatUtc(event.at)}`],
    ["log", origin ?? ""],
    ["tree head", `${String(head?.size)} ${head?.root ?? ""}`],
    [
      "witnessed",
      witnesses.length === 0 ? "by nobody that was named" : `${witnesses.join(", ")}; ${String(quorum)} needed`,
    ],
    ["entry", entry ?? ""],
    ...(personal === undefined
      ? []
      : [["personal", personal === "absent" ? "not in this proof" : personal.json] as const]),
  ];
  return { verdict: `proven${where}`, rows };
}

/** `2026-11-25 22:30:16 UTC`: whoever compares two proofs need not know where they were looked at. */
function formatUtc(milliseconds: number): string {
  const at = new Date(milliseconds);
  return Number.isNaN(at.getTime()) ? "at no time" : `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
