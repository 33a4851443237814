/** What the server says of a text: faults, what its policies say in words, how its tests come out. */
import type { ReactNode } from "react";
import { count } from "@bailiwick/base";
import type { AnswerOf } from "@bailiwick/control-plane/contract";

export type Checked = AnswerOf<"checkPolicy">;
type Place = { readonly file: string; readonly line: number };

interface FindingsProps {
  readonly checked: Checked;
  /** Shows a place of the text; undefined: it is not to be had here. */
  readonly onPlace?: (place: Place) => void;
}

export function Findings({ checked: { problems, policies, tests }, onPlace }: FindingsProps): ReactNode {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const failed = tests.filter(({ passed }) => !passed).length;
  return (
    <>
      <p role="status" className={errors + failed > 0 ? "bad" : ""}>
        {errors > 0
          ? `✕ ${count(errors, "fault")}`
          : `✓ valid: ${count(policies.length, "policy")}, ${count(tests.length, "test")}${failed > 0 ? `, ✕ ${String(failed)} failed` : ""}`}
      </p>
      {problems.length > 0 && (
        <ul className="faults" aria-label="Faults">
          {problems.map(({ severity, file, line, column, policy, message, remedy }) => (
            <li key={`${file ?? ""} ${String(line)} ${String(column)} ${message}`}>
              <strong className={severity === "error" ? "bad" : ""}>{severity}</strong>{" "}
              {file !== undefined && <PlaceOf place={{ file, line }} onPlace={onPlace} />}{" "}
              {policy !== undefined && <code>{policy}</code>} {message}
              {remedy !== undefined && <span className="quiet">; {remedy}</span>}
            </li>
          ))}
        </ul>
      )}
      {policies.length > 0 && <InWords policies={policies} onPlace={onPlace} />}
      {tests.length > 0 && (
        <>
          <h3>Its tests</h3>
          <ul className="tests" aria-label="Tests">
            {tests.map(({ file, name, passed, message }, index) => (
              <li key={`${String(index)} ${name}`}>
                <span className={passed ? "good" : "bad"}>{passed ? "✓ passed" : "✕ failed"}</span> {name}{" "}
                <span className="quiet">
                  {file}
                  {message !== "" && `: ${message}`}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

const DECISION = { allows: "allowed", refuses: "refused", asks: "asked" } as const;

function InWords({
  policies,
  onPlace,
}: {
  readonly policies: Checked["policies"];
  readonly onPlace: FindingsProps["onPlace"];
}): ReactNode {
  return (
    <>
      <h3>In words</h3>
      <ul className="in-words" aria-label="Policies in words">
        {policies.map(({ id, file, line, does, words, reason, instead, ask }) => (
          <li key={id}>
            <strong className={`decision ${DECISION[does]}`}>
              {does}
              {ask !== undefined && ` ${ask}`}
            </strong>{" "}
            {words}
            {reason !== undefined && `: “${reason}”`}
            {instead !== undefined && `; instead: “${instead}”`}{" "}
            <span className="quiet">
              <code>{id}</code> <PlaceOf place={{ file, line }} onPlace={onPlace} />
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

function PlaceOf({ place, onPlace }: { readonly place: Place; readonly onPlace: FindingsProps["onPlace"] }): ReactNode {
  const text = `${place.file}${place.line > 0 ? `:${String(place.line)}` : ""}`;
  if (onPlace === undefined) return <span>{text}</span>;
  return (
    <button type="button" className="link" onClick={() => onPlace(place)}>
      {text}
    </button>
  );
}
