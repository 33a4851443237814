import type { ReactNode } from "react";
import { escapeControls } from "@bailiwick/base";
import type { HostFacts } from "@bailiwick/control-plane/contract";
import { Section } from "../section.tsx";
import { Time } from "../time.tsx";

const STATES = {
  current: "It runs with what holds for it.",
  behind: "It does not run with what holds for it yet.",
  refused: "It refused what holds for it.",
  never: "It has not asked for policies yet.",
} as const;

/** Which policies it was told, and whether it runs with them. */
export function Policies({ policies }: { readonly policies: HostFacts["policies"] }): ReactNode {
  if (policies === undefined) return <Section title="Policies">It was revoked: nothing holds for it any more.</Section>;
  const { state, told, since, refused, beyond, lastRun } = policies;
  const drifted = state === "behind" || state === "refused";
  return (
    <Section title="Policies">
      <p className={drifted ? "bad" : ""}>
        {STATES[state]}
        {since !== undefined && (
          <>
            {" "}
            Since <Time at={since} />.
          </>
        )}
        {refused !== undefined && ` ${escapeControls(refused)}`}
      </p>
      <ul>
        {told.map(({ layer, scope, sequence, digest }) => (
          <li key={`${layer} ${scope}`}>
            {layer} {escapeControls(scope)}, release {sequence} <code className="quiet">{digest}</code>
          </li>
        ))}
        {beyond.map((text) => (
          <li key={text} className="quiet">
            Without effect: {escapeControls(text)}
          </li>
        ))}
        {lastRun !== undefined && (
          <li>
            Its newest run had <code className="quiet">{lastRun.policyDigest}</code>
          </li>
        )}
      </ul>
    </Section>
  );
}
