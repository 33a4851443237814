import { useState, type ReactNode } from "react";
import type { AnswerOf, PolicyVersion } from "@bailiwick/control-plane/contract";
import { Link } from "wouter";
import { Facts } from "../facts.tsx";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";
import { AskAbout } from "./ask-about.tsx";
import { DiffView } from "./diff-view.tsx";
import { Findings } from "./findings.tsx";
import { heldBefore, layersOf, reachText, scopePath, scopeText } from "./layers.ts";
import { filesOf } from "./line-diff.ts";
import { layerPath, usePolicies } from "./policies-page.tsx";
import { VersionActs } from "./version-acts.tsx";
import { WhatIf } from "./what-if.tsx";

type Whole = AnswerOf<"showPolicy">;

interface VersionPageProps {
  readonly session: Session;
  readonly version: string;
}

/** A draft or version: what it changes, what it says, what it would do, and what can be done with it. */
export default function VersionPage({ session, version }: VersionPageProps): ReactNode {
  const known = useAsked(version, (signal) => server.call("showPolicy", { params: { version } }, { signal }));
  const policies = usePolicies();
  const { value: whole } = known;
  const again = (): void => {
    known.again();
    policies.again();
  };
  const path = whole === undefined ? "" : scopePath(whole.scope);
  const versions = policies.value?.versions.filter(({ scope }) => scopePath(scope) === path) ?? [];
  const releases = policies.value?.releases.filter(({ scope }) => scopePath(scope) === path) ?? [];
  const layer = layersOf(versions, releases)[0];
  const isInForce = layer?.inForce?.version === version;
  const standing = isInForce
    ? "holds for all hosts"
    : layer?.rollingOut?.version === version
      ? `being rolled out: ${reachText(layer.rollingOut)}`
      : undefined;
  return (
    <div className="page">
      <header className="run-head">
        <p className="crumbs">
          <Link href="/policies">Policies</Link>
          {whole !== undefined && (
            <>
              {" "}
              / <Link href={layerPath(whole.scope)}>{scopeText(whole.scope)}</Link>
            </>
          )}
        </p>
        <h1>
          <code>{version}</code>
        </h1>
        {whole !== undefined && <VersionFacts whole={whole} standing={standing} />}
      </header>
      {known.error !== undefined && <Problem error={known.error} />}
      {whole !== undefined && policies.value !== undefined && (
        <>
          <VersionActs {...{ session, whole, layer, releases }} onDone={again} />
          <Changes
            key={version}
            whole={whole}
            versions={versions}
            first={isInForce ? heldBefore(releases)?.version : undefined}
          />
          <Said whole={whole} />
          <AskAbout scope={whole.scope} bundle={whole.bundle} />
          <WhatIf version={version} />
          <Texts bundle={whole.bundle} />
        </>
      )}
    </div>
  );
}

function VersionFacts({
  whole,
  standing,
}: {
  readonly whole: Whole;
  readonly standing: string | undefined;
}): ReactNode {
  const { state, author, at, why, proposal, digest, reviewedBy, reviewedAt, review } = whole;
  const rows: readonly (readonly [string, ReactNode])[] = [
    ["State", standing === undefined ? state : `${state}, ${standing}`],
    [
      "Written",
      <>
        by {author}, <Time at={at} />
      </>,
    ],
    ...(why === undefined ? [] : [["Why", why] as const]),
    ...(proposal === undefined ? [] : [["Proposal", proposal] as const]),
    ...(reviewedAt === undefined
      ? []
      : [
          [
            "Reviewed",
            <>
              {state} by {reviewedBy}, <Time at={reviewedAt} />
              {review !== undefined && `: ${review}`}
            </>,
          ] as const,
        ]),
    ["Digest", <code>{digest}</code>],
  ];
  return <Facts rows={rows} />;
}

interface ChangesProps {
  readonly whole: Whole;
  readonly versions: readonly PolicyVersion[];
  /** What it is compared with at first; undefined: what holds now. */
  readonly first: string | undefined;
}

function Changes({ whole, versions, first }: ChangesProps): ReactNode {
  const [against, setAgainst] = useState(first ?? "");
  const ask =
    against === ""
      ? undefined
      : (signal: AbortSignal) => server.call("showPolicy", { params: { version: against } }, { signal });
  const other = useAsked(against, ask);
  const isKnown = against === "" || other.value !== undefined;
  return (
    <section>
      <h2>What it changes</h2>
      <p>
        <label>
          Against{" "}
          <select value={against} onChange={({ target }) => setAgainst(target.value)}>
            <option value="">what holds now</option>
            {versions
              .filter(({ id }) => id !== whole.id)
              .map(({ id, author, state }) => (
                <option key={id} value={id}>{`${id} (${state}, by ${author})`}</option>
              ))}
          </select>
        </label>
      </p>
      {other.error !== undefined && <Problem error={other.error} />}
      {isKnown && <DiffView before={against === "" ? whole.before : other.value?.bundle} after={whole.bundle} />}
    </section>
  );
}

/** As it is within what stands above it now, which may be another than when it was drafted. */
function Said({ whole: { id, scope, bundle } }: { readonly whole: Whole }): ReactNode {
  const { value, error } = useAsked(`check ${id}`, (signal) =>
    server.call("checkPolicy", { body: { scope, bundle } }, { signal }),
  );
  return (
    <section>
      <h2>What it says</h2>
      {error !== undefined && <Problem error={error} />}
      {value === undefined && error === undefined && <p role="status">○ asking</p>}
      {value !== undefined && <Findings checked={value} />}
    </section>
  );
}

function Texts({ bundle }: { readonly bundle: string }): ReactNode {
  return (
    <section>
      <h2>Its text</h2>
      {[...filesOf(bundle)].map(([name, text]) => (
        <details key={name} className="text">
          <summary>
            <code>{name}</code>
          </summary>
          <pre tabIndex={0}>{text}</pre>
        </details>
      ))}
    </section>
  );
}
