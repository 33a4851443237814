import type { ReactNode } from "react";
import { count, escapeControls } from "@bailiwick/base";
import type { HostFacts } from "@bailiwick/control-plane/contract";
import { Link } from "wouter";
import { isForbidden, Problem } from "../problem.tsx";
import { Section } from "../section.tsx";
import { Facts } from "../facts.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { useAsked } from "../use-asked.ts";
import { Policies } from "./policies.tsx";
import { RevokeForm } from "./revoke-form.tsx";
import { goingState, stateOfHost } from "./use-hosts.ts";

interface HostPageProps {
  readonly id: string;
  readonly session: Session;
}

/** One host: what it can enforce, what holds for it, and how its record stands. */
export default function HostPage({ id, session }: HostPageProps): ReactNode {
  const {
    value: host,
    error,
    again,
  } = useAsked(id, (signal) => server.call("showHost", { params: { host: id } }, { signal }));
  return (
    <div className="sheet" tabIndex={0} role="region" aria-label={`Host ${id}`}>
      <p className="crumbs">
        <Link href="/hosts">Hosts</Link> / <code>{id}</code>
      </p>
      {isForbidden(error) ? (
        <p className="empty">Seeing this host needs the right viewHost on it, if there is such a host at all.</p>
      ) : (
        error !== undefined && <Problem error={error} />
      )}
      {host !== undefined && (
        <>
          <Head host={host} />
          <Enforcement host={host} />
          <Orders orders={host.orders} />
          <Policies policies={host.policies} />
          <Record host={host} />
          {host.revokedAt === undefined && <RevokeForm host={host} actions={session.actions} onRevoked={again} />}
        </>
      )}
    </div>
  );
}

function Head({ host }: { readonly host: HostFacts }): ReactNode {
  const { id, name, person, enrolledAt, lastSeenAt, revokedAt, lastRun, going, silentSince, alarm } = host;
  const rows: readonly (readonly [string, ReactNode])[] = [
    ["State", stateOfHost(host)],
    ["Name", escapeControls(name)],
    ["Person", person],
    ["Enrolled", <Time key="at" at={enrolledAt} />],
    ["Heard of", lastSeenAt === undefined ? "never" : <Time at={lastSeenAt} />],
    ...(silentSince === undefined ? [] : [["Silent since", <Time key="at" at={silentSince} />] as const]),
    ...(revokedAt === undefined ? [] : [["Revoked", <Time key="at" at={revokedAt} />] as const]),
    ["Version", escapeControls(lastRun?.version ?? "no run yet")],
    ["Kernel", escapeControls(lastRun?.kernel ?? "not said")],
    [
      "Runs now",
      <Link key="runs" href={`/runs?q=host:${id}+state:${goingState(host)}`}>
        {going}
      </Link>,
    ],
  ];
  return (
    <>
      <h1>{id}</h1>
      {alarm !== undefined && (
        <div role="alert" className="problem">
          <p>Its record contradicts what the server holds: {escapeControls(alarm)}.</p>
          <p>
            What to do: keep the host as it is, and look at its record there (<code>bailiwick audit verify</code>). The
            checkpoint that its key signed is kept as the proof.
          </p>
        </div>
      )}
      <Facts rows={rows} />
    </>
  );
}

/** What its newest run stated; what is missing, and what is weaker than before, first. */
function Enforcement({ host: { enforcement, lastRun, profile } }: { readonly host: HostFacts }): ReactNode {
  if (lastRun === undefined) return <Section title="Enforced">Nothing is known before its first run.</Section>;
  const missing = enforcement.filter(({ state }) => state !== "enforced");
  const held = enforcement.filter(({ state }) => state === "enforced");
  return (
    <Section title="Enforced">
      <p>
        {count(held.length, "layer")} by its newest run, <Link href={`/runs/${lastRun.run}`}>{lastRun.run}</Link>, with
        the profile {escapeControls(profile ?? "")}
        {missing.length > 0 && <strong className="bad">; {missing.length} missing</strong>}
      </p>
      <ul>
        {[...missing, ...held].map(({ layer, state, detail, before }) => (
          <li key={layer} className={state === "enforced" ? "" : "bad"}>
            {SIGNS[state]} {escapeControls(layer)} <span className="quiet">{escapeControls(detail)}</span>
            {before !== undefined && (
              <>
                {" "}
                weaker than before: enforced in <Link href={`/runs/${before.run}`}>{before.run}</Link>{" "}
                <Time at={before.at} />
              </>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

const SIGNS = { enforced: "✓", unavailable: "✕ not available:", absent: "✕ not spoken of:" } as const;

function Orders({ orders }: { readonly orders: HostFacts["orders"] }): ReactNode {
  return (
    <Section title="Ordered">
      {orders.length === 0 && <p>Nothing that you may see: no kill switch, no pause, no lease.</p>}
      <ul>
        {orders.map(({ id, kind, scope, seconds, reason, by, at, expiresAt }) => (
          <li key={id}>
            <strong className={kind === "lease" ? "" : "bad"}>{ORDERED[kind]}</strong>
            {seconds !== undefined && ` of ${String(seconds)} s`} for {scope.type.toLowerCase()} {scope.id}, by {by}{" "}
            <Time at={at} />: {escapeControls(reason)}
            {expiresAt !== undefined && (
              <>
                , until <Time at={expiresAt} />
              </>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

const ORDERED = { kill: "Runs are ended", pause: "Runs are paused", lease: "Lease" } as const;

function Record({ host: { id, size, checkpoint, logKey } }: { readonly host: HostFacts }): ReactNode {
  return (
    <Section title="Record">
      <p>
        <Link href={`/audit?host=${id}`}>Who did what to it and its runs</Link>
      </p>
      <p>{`The server holds ${count(size, "entry")}.`} The key that signs it:</p>
      <pre tabIndex={0}>{escapeControls(logKey)}</pre>
      {checkpoint === undefined ? (
        <p>No checkpoint of it was held whole yet, so none was cosigned.</p>
      ) : (
        <>
          <p>The newest checkpoint that the server held whole and cosigned:</p>
          <pre tabIndex={0}>{checkpoint}</pre>
        </>
      )}
    </Section>
  );
}
