import { useState, type FormEvent, type ReactNode } from "react";
import { count } from "@bailiwick/base";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { Link } from "wouter";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { Time } from "../time.tsx";

type Found = AnswerOf<"whatIfPolicy">;
type Outcome = "asking" | { readonly found: Found } | { readonly error: unknown };

/** What a version would have decided of recorded runs that one may read. */
export function WhatIf({ version }: { readonly version: string }): ReactNode {
  const [days, setDays] = useState(7);
  const [runs, setRuns] = useState(100);
  const [outcome, setOutcome] = useState<Outcome>();
  const ask = (event: FormEvent): void => {
    event.preventDefault();
    setOutcome("asking");
    server.call("whatIfPolicy", { params: { version }, body: { days, runs } }).then(
      (found) => setOutcome({ found }),
      (error: unknown) => setOutcome({ error }),
    );
  };
  return (
    <section>
      <h2>What if it had held</h2>
      <form className="in-line" aria-label="What if" onSubmit={ask}>
        <label>
          for runs of the last{" "}
          <input
            type="number"
            min={1}
            max={366}
            required
            value={Number.isNaN(days) ? "" : days}
            onChange={({ target }) => setDays(target.valueAsNumber)}
          />{" "}
          days
        </label>
        <label>
          the newest{" "}
          <input
            type="number"
            min={1}
            max={500}
            required
            value={Number.isNaN(runs) ? "" : runs}
            onChange={({ target }) => setRuns(target.valueAsNumber)}
          />
        </label>
        <button type="submit" disabled={outcome === "asking"}>
          Look
        </button>
        <span className="quiet">of those in its scope that you may read</span>
      </form>
      {outcome === "asking" && <p role="status">○ asking</p>}
      {typeof outcome === "object" && "error" in outcome && <Problem error={outcome.error} />}
      {typeof outcome === "object" && "found" in outcome && <WhatIfFound {...outcome.found} />}
    </section>
  );
}

const PAST = { allow: "allowed", ask: "asked about", deny: "refused" } as const;
const CLASS = { allow: "allowed", ask: "asked", deny: "refused" } as const;

function WhatIfFound({ runs, decisions, unchanged, changes, questions, ...left }: Found): ReactNode {
  const { before, after, perDay, days } = questions;
  const changed = decisions - unchanged;
  return (
    <div aria-label="What would have been decided" role="status">
      <p>
        <strong>
          {changed === 0 ? "Nothing would be another" : `${String(changed)} would be another`}, of{" "}
          {count(decisions, "decision")} in {count(runs, "run")}.
        </strong>{" "}
        Questions: {before} before, {after} with it: {perDay.toFixed(1)} a day on {count(days, "day")} with runs.
      </p>
      {changes.map(({ from, to, policies, reason, count: times, runs: inRuns, examples }) => (
        <details key={`${from} ${to} ${policies.join(" ")} ${reason}`} open={changes.length <= 3}>
          <summary>
            {times} in {count(inRuns, "run")}: {PAST[from]} before, would be{" "}
            <strong className={`decision ${CLASS[to]}`}>{PAST[to]}</strong> by{" "}
            {policies.length === 0 ? "no policy that permits it" : <code>{policies.join(", ")}</code>}
            {reason !== "" && `: ${reason}`}
          </summary>
          <ul>
            {examples.map(({ run, at, what }) => (
              <li key={`${run} ${String(at)} ${what}`}>
                <Time at={at} /> <Link href={`/runs/${run}`}>its run</Link> <code>{what.slice(0, 300)}</code>
              </li>
            ))}
          </ul>
        </details>
      ))}
      <ul className="quiet">
        {remarksOf(left).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}

function remarksOf({
  byProfile,
  incomplete,
  notReproduced,
}: Pick<Found, "byProfile" | "incomplete" | "notReproduced">): string[] {
  return [
    ...(byProfile > 0 ? [`${String(byProfile)} more were refused by a profile: no policy was asked`] : []),
    ...(incomplete > 0 ? [`${String(incomplete)} more are not in the record as a whole, and were left out`] : []),
    ...(notReproduced > 0 ? [`${String(notReproduced)} were decided otherwise by the very same policies`] : []),
  ];
}
