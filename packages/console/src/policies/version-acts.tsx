import { useState, type ReactNode } from "react";
import type { AnswerOf, PolicyRelease } from "@bailiwick/control-plane/contract";
import { Link } from "wouter";
import { Act } from "../acts/act.tsx";
import { hindranceOf } from "../acts/hindrance.ts";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { reachText, scopePath, scopeText, type PolicyLayer } from "./layers.ts";
import { layerPath } from "./policies-page.tsx";

interface VersionActsProps {
  readonly session: Session;
  readonly whole: AnswerOf<"showPolicy">;
  readonly layer: PolicyLayer | undefined;
  /** Of its layer, newest first. */
  readonly releases: readonly PolicyRelease[];
  readonly onDone: () => void;
}

/** What can be done with a version by who looks, and why not what can't. */
export function VersionActs(props: VersionActsProps): ReactNode {
  const { whole, layer } = props;
  const isRollingOut = layer?.rollingOut !== undefined && layer.rollingOut.version === whole.id;
  return (
    <section className="acts" aria-label="Review and roll-out">
      {whole.state === "draft" && <Review {...props} />}
      {whole.state === "approved" && (isRollingOut ? <GoesOn {...props} /> : <RollOut {...props} />)}
      <p>
        <Link href={`/policies/edit/${scopePath(whole.scope)}?from=${whole.id}`}>Draft another from it</Link>
      </p>
    </section>
  );
}

function Review({ session: { id: who, actions }, whole, onDone }: VersionActsProps): ReactNode {
  const { id: version, author, digest, tested } = whole;
  const own = author === who ? "nobody approves what they wrote: somebody else has to" : undefined;
  const right = hindranceOf(actions, "approvePolicy");
  const failed =
    tested.failed.length > 0 ? `${String(tested.failed.length)} of its tests fail: draft it anew` : undefined;
  return (
    <>
      <Act
        label="Approve"
        what={
          <p>You say that what is shown here may hold for {scopeText(whole.scope)}. Rolling it out is another step.</p>
        }
        hindrance={own ?? right ?? failed}
        reason="optional"
        act={async (why) => {
          await server.call("approvePolicy", { params: { version }, body: { digest, ...(why !== "" && { why }) } });
          return "Approved.";
        }}
        onDone={onDone}
      />
      <Act
        label="Reject"
        what={<p>It can never be rolled out. Its author sees why.</p>}
        hindrance={own ?? right}
        reason="required"
        act={async (why) => {
          await server.call("rejectPolicy", { params: { version }, body: { why } });
          return "Rejected.";
        }}
        onDone={onDone}
      />
    </>
  );
}

function GoesOn({ whole: { scope }, layer }: VersionActsProps): ReactNode {
  return (
    <p>
      It is being rolled out ({layer?.rollingOut && reachText(layer.rollingOut)}).{" "}
      <Link href={layerPath(scope)}>Promote it, halt it, or roll it back</Link>.
    </p>
  );
}

function RollOut({ session: { actions }, whole, layer, releases, onDone }: VersionActsProps): ReactNode {
  const [percent, setPercent] = useState(10);
  const [teams, setTeams] = useState("");
  const [hosts, setHosts] = useState("");
  const { id: version, scope } = whole;
  const holds = releases[0]?.version === version ? "it holds for all hosts" : undefined;
  const other = layer?.rollingOut === undefined ? undefined : "another version is being rolled out for this layer";
  const first = [
    ...namesOf(teams).map((id) => ({ type: "Team", id }) as const),
    ...namesOf(hosts).map((id) => ({ type: "Host", id }) as const),
  ];
  return (
    <Act
      label="Roll out"
      what={
        <p>
          Hosts of {scopeText(scope)} get it when they ask next; runs that go on keep what they started with. It is
          always the same hosts that are first.
        </p>
      }
      hindrance={hindranceOf(actions, "rollOutPolicy") ?? holds ?? other}
      act={async () => {
        const release = await server.call("rollOutPolicy", { params: { version }, body: { percent, first } });
        return `It reaches ${reachText(release)}.`;
      }}
      onDone={onDone}
    >
      <div className="in-line">
        <label>
          Of 100 hosts{" "}
          <input
            type="number"
            autoFocus
            required
            min={0}
            max={100}
            value={Number.isNaN(percent) ? "" : percent}
            onChange={({ target }) => setPercent(target.valueAsNumber)}
          />
        </label>
        <label>
          and first these teams <input value={teams} onChange={({ target }) => setTeams(target.value)} />
        </label>
        <label>
          and hosts <input value={hosts} onChange={({ target }) => setHosts(target.value)} />
        </label>
      </div>
    </Act>
  );
}

function namesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}
