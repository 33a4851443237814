import { useState, type ReactNode } from "react";
import type { PolicyRelease, PolicyScope } from "@bailiwick/control-plane/contract";
import { Link } from "wouter";
import { Act } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { heldBefore, isComplete, layersOf, reachText, scopePath, scopeText, type PolicyLayer } from "./layers.ts";
import { Log, ReleasedVersion, usePolicies } from "./policies-page.tsx";

interface LayerPageProps {
  readonly session: Session;
  readonly scope: PolicyScope;
}

/** One layer: what holds, how far what is newer has come, and what was done. */
export default function LayerPage({ session, scope }: LayerPageProps): ReactNode {
  const { value, error, again } = usePolicies();
  const path = scopePath(scope);
  const versions = value?.versions.filter((each) => scopePath(each.scope) === path) ?? [];
  const releases = value?.releases.filter((each) => scopePath(each.scope) === path) ?? [];
  const layer = layersOf(versions, releases)[0] ?? NOTHING(scope);
  return (
    <div className="page">
      <header className="run-head">
        <p className="crumbs">
          <Link href="/policies">Policies</Link> / layers
        </p>
        <h1>{scopeText(scope)}</h1>
        {value !== undefined && <Facts layer={layer} />}
      </header>
      {error !== undefined && <Problem error={error} />}
      {value !== undefined && (
        <>
          <p className="page-links">
            <Link href={`/policies/edit/${path}`}>Draft a change</Link>
          </p>
          <Acts {...{ session, layer, releases }} onDone={again} />
          {versions.length === 0 && (
            <p className="empty">Nothing was drafted for it. Until something is rolled out it says nothing.</p>
          )}
          <Log versions={versions} releases={releases} />
        </>
      )}
    </div>
  );
}

function NOTHING(scope: PolicyScope): PolicyLayer {
  return { scope, inForce: undefined, rollingOut: undefined, waiting: [] };
}

function Facts({ layer: { inForce, rollingOut } }: { readonly layer: PolicyLayer }): ReactNode {
  return (
    <dl className="facts">
      <div>
        <dt>Holds for all hosts</dt>
        <dd>
          {inForce === undefined ? (
            "nothing yet"
          ) : (
            <>
              <ReleasedVersion release={inForce} />, since <Time at={inForce.at} />, by {inForce.by}
            </>
          )}
        </dd>
      </div>
      {rollingOut !== undefined && (
        <div>
          <dt>Being rolled out</dt>
          <dd>
            <ReleasedVersion release={rollingOut} /> for {reachText(rollingOut)}, by {rollingOut.by}
          </dd>
        </div>
      )}
    </dl>
  );
}

interface ActsProps {
  readonly session: Session;
  readonly layer: PolicyLayer;
  readonly releases: readonly PolicyRelease[];
  readonly onDone: () => void;
}

function Acts({ session: { actions }, layer, releases, onDone }: ActsProps): ReactNode {
  const { scope, rollingOut } = layer;
  const back = hindranceOf(actions, "rollBackPolicy");
  const none = releases.length === 0 ? "nothing was rolled out for it" : undefined;
  return (
    <section aria-label="Roll-out" className="acts">
      <Promote key={rollingOut?.sequence} {...{ actions, scope, rollingOut, onDone }} />
      <Act
        label="Halt the roll-out"
        what={<p>No further host of {scopeText(scope)} gets it; those that have it keep it.</p>}
        hindrance={rollingOut === undefined ? "nothing is being rolled out" : rollingOut.halted ? "it is halted" : back}
        reason="required"
        act={async (reason) => {
          await server.call("haltPolicy", { body: { scope, reason } });
          return "Halted.";
        }}
        onDone={onDone}
      />
      <RollBack hindrance={none ?? back} {...{ scope, releases, onDone }} />
    </section>
  );
}

interface PromoteProps {
  readonly actions: readonly string[];
  readonly scope: PolicyScope;
  readonly rollingOut: PolicyRelease | undefined;
  readonly onDone: () => void;
}

function Promote({ actions, scope, rollingOut, onDone }: PromoteProps): ReactNode {
  const least = Math.max(1, rollingOut?.percent ?? 1);
  const [percent, setPercent] = useState(100);
  return (
    <Act
      label="Promote"
      what={
        <p>
          More hosts of {scopeText(scope)} get {rollingOut?.version} when they ask next, at most five minutes after a
          run of theirs goes on or starts.
        </p>
      }
      hindrance={rollingOut === undefined ? "nothing is being rolled out" : hindranceOf(actions, "rollOutPolicy")}
      act={async () => {
        const release = await server.call("promotePolicy", { body: { scope, percent } });
        return `It reaches ${reachText(release)}.`;
      }}
      onDone={onDone}
    >
      <p>
        <label>
          Of 100 hosts{" "}
          <input
            type="number"
            autoFocus
            min={least}
            max={100}
            value={percent}
            onChange={({ target }) => setPercent(target.valueAsNumber)}
          />
        </label>
      </p>
    </Act>
  );
}

interface RollBackProps {
  readonly hindrance: string | undefined;
  readonly scope: PolicyScope;
  readonly releases: readonly PolicyRelease[];
  readonly onDone: () => void;
}

function RollBack({ hindrance, scope, releases, onDone }: RollBackProps): ReactNode {
  const [to, setTo] = useState("");
  const [, ...older] = releases;
  const held = [...new Set(older.filter(isComplete).flatMap(({ version }) => version ?? []))];
  return (
    <Act
      label="Roll back"
      what={
        <p>
          All hosts of {scopeText(scope)} get at once what held for all of them before (
          {heldBefore(releases)?.version ?? "nothing: the layer says nothing any more"}), unless another is chosen. It
          was approved then, so nobody else has to say so.
        </p>
      }
      hindrance={hindrance}
      reason="required"
      act={async (reason) => {
        const release = await server.call("rollBackPolicy", { body: { scope, reason, ...(to !== "" && { to }) } });
        return `${release.version ?? "Nothing"} holds for all hosts.`;
      }}
      onDone={onDone}
    >
      {held.length > 1 && (
        <p>
          <label>
            To{" "}
            <select value={to} onChange={({ target: { value } }) => setTo(value)}>
              <option value="">what held before</option>
              {held.map((version) => (
                <option key={version}>{version}</option>
              ))}
            </select>
          </label>
        </p>
      )}
    </Act>
  );
}
