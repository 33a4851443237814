import type { ReactNode } from "react";
import { count, formatCommand, formatDuration } from "@bailiwick/base";
import { Link } from "wouter";
import { stateOf } from "../runs/filter.ts";
import { State } from "../runs/state.tsx";
import { Facts } from "../facts.tsx";
import { Time } from "../time.tsx";
import type { RunModel } from "./run-model.ts";
import type { RunState } from "./use-run.ts";

/** Who runs what where, and what holds for it. */
export function RunHead({ run, state }: { readonly run: string; readonly state: RunState }): ReactNode {
  const { facts, model } = state;
  const command = facts?.command ?? model.started?.command.values ?? [];
  return (
    <header className="run-head">
      <p className="crumbs">
        <Link href="/runs">Runs</Link> / {facts?.name === undefined ? "" : `${facts.name}, `}
        <code>{run}</code> · <Link href={`/evidence?scope=Run:${run}`}>Evidence</Link>
      </p>
      <h1>
        {facts !== undefined && <State state={stateOf(facts)} />}{" "}
        <code>{facts?.erased ? "(erased)" : formatCommand(command, 400)}</code>
      </h1>
      {facts !== undefined && <RunFacts facts={facts} model={model} />}
    </header>
  );
}

function RunFacts({
  facts,
  model,
}: {
  readonly facts: NonNullable<RunState["facts"]>;
  readonly model: RunModel;
}): ReactNode {
  const { person, host, agent, project, profile, labels, startedAt, endedAt, silentSince, status, reason } = facts;
  const { commands, connections, requests, refused, asked } = model.counts;
  const rows: readonly (readonly [string, ReactNode])[] = [
    ["Who", `${person}@${host}`],
    ["Agent", agent],
    ["Project", project || "(erased)"],
    ["Profile", profile],
    ...(labels.length === 0 ? [] : [["Labels", labels.join(" ")] as const]),
    ["Started", startedAt === undefined ? "–" : <Time at={startedAt} />],
    ["Took", endedAt === undefined || startedAt === undefined ? "goes on" : formatDuration(endedAt - startedAt)],
    ...(silentSince === undefined ? [] : [["Silent since", <Time key="silent" at={silentSince} />] as const]),
    ["Ended", reason === undefined ? "not yet" : `${reason}, status ${String(status ?? "unknown")}`],
    ["Seen", `${count(commands, "command")}, ${count(connections, "connection")}, ${count(requests, "request")}`],
    ["Decided", `${String(refused)} refused, ${String(asked)} asked`],
  ];
  return (
    <>
      <Facts rows={rows} />
      {model.started !== undefined && <Enforced layers={model.started.enforcement} />}
    </>
  );
}

type Layers = NonNullable<RunModel["started"]>["enforcement"];

/** What the host has proven to enforce at the launch; what it could not is said first. */
function Enforced({ layers }: { readonly layers: Layers }): ReactNode {
  const missing = layers.filter(({ state }) => state === "unavailable");
  return (
    <details className="enforced">
      <summary>
        {count(layers.length - missing.length, "layer")} enforced
        {missing.length > 0 && <strong>, {missing.length} not available</strong>}
      </summary>
      <ul>
        {[...missing, ...layers.filter(({ state }) => state === "enforced")].map(({ layer, state, detail }) => (
          <li key={layer} className={state === "enforced" ? "" : "bad"}>
            {state === "enforced" ? "✓" : "✕ not available:"} {layer}
            {detail !== "" && <span className="quiet"> {detail}</span>}
          </li>
        ))}
      </ul>
    </details>
  );
}
