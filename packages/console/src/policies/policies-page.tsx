import { useState, type FormEvent, type ReactNode } from "react";
import type { PolicyDrift, PolicyRelease, PolicyScope, PolicyVersion } from "@bailiwick/control-plane/contract";
import { Link, useLocation } from "wouter";
import { hindranceOf } from "../acts/hindrance.ts";
import { isForbidden, Problem } from "../problem.tsx";
import { RowsTable } from "../rows/rows-table.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";
import { layersOf, reachText, scopeOfPath, scopePath, scopeText, type PolicyLayer } from "./layers.ts";
import { Proposals } from "./proposals.tsx";

/** Layers, what waits and goes on, what hosts have, and all that was done. */
export default function PoliciesPage({ session }: { readonly session: Session }): ReactNode {
  const known = usePolicies();
  const drift = useAsked("drift", async (signal) => (await server.call("policyDrift", {}, { signal })).items);
  const [, navigate] = useLocation();
  const { versions = [], releases = [] } = known.value ?? {};
  const layers = layersOf(versions, releases);
  const hindrance = hindranceOf(session.actions, "editPolicy");
  return (
    <div className="page">
      <header className="page-head">
        <h1>Policies</h1>
        <p className="end" role="status">
          {known.value !== undefined &&
            `${String(layers.length)} layers · ${String(layers.flatMap(({ waiting }) => waiting).length)} waiting for review`}
        </p>
      </header>
      {known.error !== undefined && <Problem error={known.error} />}
      <section>
        <h2>Layers</h2>
        {known.value !== undefined && layers.length === 0 && (
          <p className="empty">
            No policies that you may see. The standard ones hold everywhere; what a company adds is drafted here or by{" "}
            <code>bailiwick policy draft</code>, approved by somebody else, and then rolled out to hosts.
          </p>
        )}
        {layers.length > 0 && (
          <RowsTable
            label="Layers"
            className="layers"
            columns={["Layer", "Holds for all hosts", "Being rolled out", "Waiting for review"]}
            items={layers}
            keyOf={({ scope }) => scopePath(scope)}
            cells={layerCells}
            onOpen={({ scope }) => navigate(layerPath(scope))}
          />
        )}
        <NewDraft hindrance={hindrance} />
      </section>
      <Proposals versions={versions} hindrance={hindrance} />
      <Hosts items={drift.value} error={drift.error} />
      {known.value !== undefined && <Log versions={versions} releases={releases} />}
    </div>
  );
}

export function usePolicies() {
  return useAsked("policies", async (signal) => {
    const [versions, releases] = await Promise.all([
      server.call("listPolicies", {}, { signal }),
      server.call("listReleases", {}, { signal }),
    ]);
    return { versions: versions.items, releases: releases.items };
  });
}

export function layerPath(scope: PolicyScope): string {
  return `/policies/layers/${scopePath(scope)}`;
}

function layerCells({ scope, inForce, rollingOut, waiting }: PolicyLayer): ReactNode[] {
  return [
    <Link href={layerPath(scope)}>{scopeText(scope)}</Link>,
    inForce === undefined ? "nothing yet" : <ReleasedVersion release={inForce} />,
    rollingOut === undefined ? (
      "–"
    ) : (
      <>
        <ReleasedVersion release={rollingOut} /> for {reachText(rollingOut)}
      </>
    ),
    waiting.length === 0
      ? "–"
      : waiting.map(({ id, author }) => (
          <Link key={id} href={`/policies/versions/${id}`}>
            {`${id} of ${author} `}
          </Link>
        )),
  ];
}

export function ReleasedVersion({ release: { version } }: { readonly release: PolicyRelease }): ReactNode {
  if (version === undefined) return "nothing: it says nothing any more";
  return <Link href={`/policies/versions/${version}`}>{version}</Link>;
}

const SCOPES = { Company: "the company", Team: "team", Project: "project", Person: "person" } as const;

function NewDraft({ hindrance }: { readonly hindrance: string | undefined }): ReactNode {
  const [type, setType] = useState("Company");
  const [id, setId] = useState("");
  const [, navigate] = useLocation();
  const scope = scopeOfPath(type, type === "Company" ? "company" : id.trim());
  const begin = (event: FormEvent): void => {
    event.preventDefault();
    if (scope !== undefined) navigate(`/policies/edit/${scopePath(scope)}`);
  };
  return (
    <form className="in-line" aria-label="New draft" onSubmit={begin}>
      <label>
        A draft for{" "}
        <select value={type} onChange={({ target }) => setType(target.value)}>
          {Object.entries(SCOPES).map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {type !== "Company" && (
        <label>
          its name <input required maxLength={400} value={id} onChange={({ target }) => setId(target.value)} />
        </label>
      )}
      <button type="submit" disabled={hindrance !== undefined || scope === undefined}>
        Begin
      </button>
      {hindrance !== undefined && <span className="quiet">{hindrance}</span>}
    </form>
  );
}

const DRIFT_SHAPES = { current: "✓", behind: "…", refused: "✕", never: "○" } as const;

function Hosts({
  items,
  error,
}: {
  readonly items: readonly PolicyDrift[] | undefined;
  readonly error: unknown;
}): ReactNode {
  return (
    <section>
      <h2>What hosts have</h2>
      {isForbidden(error) && <p className="empty">That needs the right to see hosts (viewHost).</p>}
      {error !== undefined && !isForbidden(error) && <Problem error={error} />}
      {items?.length === 0 && (
        <p className="empty">
          No hosts that you may see. A host gets its policies when it is enrolled (<code>bailiwick enroll</code>), and
          asks for newer ones every five minutes while it runs something.
        </p>
      )}
      {items !== undefined && items.length > 0 && (
        <RowsTable
          label="Hosts"
          className="drift"
          columns={["State", "Host", "Person", "Told", "Heard", "What is wrong"]}
          items={items}
          keyOf={({ id }) => id}
          cells={(host) => [
            <span
              className={host.state === "refused" ? "bad" : ""}
            >{`${DRIFT_SHAPES[host.state]} ${host.state}`}</span>,
            host.id,
            host.person,
            host.told
              .map((each) => `${each.layer === "company" ? "company" : `${each.layer} ${each.scope}`}`)
              .join(", ") || "no layers",
            host.heardAt === undefined ? "never" : <Time at={host.heardAt} />,
            <WhatIsWrong {...host} />,
          ]}
        />
      )}
    </section>
  );
}

function WhatIsWrong({ refused, since, beyond }: PolicyDrift): ReactNode {
  const texts = [
    ...(refused === undefined ? [] : [`refused: ${refused}`]),
    ...beyond.map((each) => `no effect: ${each}`),
  ];
  return (
    <span title={texts.join("\n")}>
      {since !== undefined && (
        <>
          behind since <Time at={since} />{" "}
        </>
      )}
      {texts.join("; ") || (since === undefined ? "–" : "")}
    </span>
  );
}

interface LogProps {
  readonly versions: readonly PolicyVersion[];
  readonly releases: readonly PolicyRelease[];
}

interface Noted {
  readonly at: number;
  readonly key: string;
  readonly cells: readonly ReactNode[];
}

/** Drafts, reviews, roll-outs and rollbacks, newest first. */
export function Log({ versions, releases }: LogProps): ReactNode {
  const items = [...versions.flatMap(notedOfVersion), ...releases.map(notedOfRelease)].sort((a, b) => b.at - a.at);
  if (items.length === 0) return undefined;
  return (
    <section>
      <h2>What was done</h2>
      <RowsTable
        label="What was done"
        className="policy-log"
        columns={["When", "Layer", "Version", "What", "Why"]}
        items={items}
        keyOf={({ key }) => key}
        cells={({ cells }) => cells}
      />
    </section>
  );
}

function notedOfVersion({
  id,
  at,
  scope,
  author,
  why = "",
  state,
  reviewedAt,
  reviewedBy,
  review,
}: PolicyVersion): Noted[] {
  const link = <Link href={`/policies/versions/${id}`}>{id}</Link>;
  const row = (when: number, what: string, reason: string): Noted => ({
    ...{ at: when, key: `${id} ${what}` },
    cells: [<Time at={when} />, scopeText(scope), link, what, reason],
  });
  return [
    row(at, `drafted by ${author}`, why),
    ...(reviewedAt === undefined ? [] : [row(reviewedAt, `${state} by ${reviewedBy ?? ""}`, review ?? "")]),
  ];
}

function notedOfRelease(release: PolicyRelease): Noted {
  const { sequence, at, scope, kind, by, reason = "" } = release;
  const what = `${kind === "rollback" ? "rolled back" : "rolled out"} to ${reachText(release)} by ${by}`;
  return {
    ...{ at, key: String(sequence) },
    cells: [<Time at={at} />, scopeText(scope), <ReleasedVersion release={release} />, what, reason],
  };
}
