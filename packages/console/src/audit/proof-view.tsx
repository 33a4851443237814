import { useEffect, useState, type ReactNode } from "react";
import { checkProof, primitives, reportText, type ProofReport, type ProofTrust } from "@bailiwick/audit/browser";
import { escapeControls } from "@bailiwick/base";

interface Checked {
  readonly proof: Uint8Array;
  readonly report?: ProofReport;
  readonly error?: unknown;
}

interface ProofViewProps {
  /** The proof's file. The same object as long as it is the same. */
  readonly proof: Uint8Array;
  readonly trust: ProofTrust;
}

/** Checks a proof here, in the browser, by the code of `bailiwick audit check`, and says what was found. */
export function ProofView({ proof, trust }: ProofViewProps): ReactNode {
  const [checked, setChecked] = useState<Checked>();
  useEffect(() => {
    let over = false;
    checkProof(proof, trust, primitives).then(
      (report) => !over && setChecked({ proof, report }),
      (error: unknown) => !over && setChecked({ proof, error }),
    );
    return () => {
      over = true;
    };
  }, [proof, trust]);
  if (checked?.proof !== proof) return <p role="status">It is being checked.</p>;
  if (checked.report === undefined) return <CouldNotCheck error={checked.error} />;
  return <Report report={checked.report} />;
}

function CouldNotCheck({ error }: { readonly error: unknown }): ReactNode {
  return (
    <div role="alert" className="problem">
      <p>
        <strong>Could not check.</strong> This browser can’t check Ed25519 signatures, or not on a page that did not
        come by https: {error instanceof Error ? error.message : String(error)}
      </p>
      <p>What to do: use a current browser, or `bailiwick audit check` with the file.</p>
    </div>
  );
}

function Report({ report }: { readonly report: ProofReport }): ReactNode {
  const { verdict, rows } = reportText(report);
  return (
    <section aria-label="What was found" aria-live="polite">
      <h2 className={report.ok ? "good" : "bad"}>
        {report.ok ? "✓" : "✕"} {verdict}
      </h2>
      <p>{report.ok ? meaningOf(report) : "Do not rely on this proof. What was found:"}</p>
      <dl className="found-facts">
        {rows
          .filter(([name]) => name !== "entry" && name !== "personal")
          .map(([name, text], index) => (
            <div key={`${name} ${String(index)}`}>
              <dt>{name}</dt>
              <dd>{escapeControls(text)}</dd>
            </div>
          ))}
      </dl>
      {report.ok && <Text title="The entry" text={report.entry ?? ""} />}
      {report.ok && typeof report.personal === "object" && (
        <Text title="Its personal members" text={report.personal.json} />
      )}
      {report.ok && report.personal === "absent" && (
        <p>It has personal members, which are not in this proof: they were erased, or left out.</p>
      )}
    </section>
  );
}

/** What follows from a proof, and what does not. */
function meaningOf({ origin, witnessed }: ProofReport): string {
  const log = `The log ${origin ?? ""} holds exactly this entry at this place, signed by the key that is trusted here.`;
  if (witnessed.length === 0) {
    return `${log} No witness vouches for it: whoever has the log’s key could have signed another history too.`;
  }
  const who = witnessed.map(({ name }) => name).join(", ");
  return `${log} ${who} saw the log with it by then, and accepts no other history since.`;
}

/** Laid out for reading, where that leaves nothing out: the proof is of the bytes, and JSON may say one thing twice. */
function Text({ title, text }: { readonly title: string; readonly text: string }): ReactNode {
  return (
    <>
      <h3>{title}</h3>
      <pre tabIndex={0}>
        {pretty(text)
          .split("\n")
          .map((line) => `${escapeControls(line)}\n`)}
      </pre>
    </>
  );
}

function pretty(text: string): string {
  try {
    const json: unknown = JSON.parse(text);
    return JSON.stringify(json) === text ? JSON.stringify(json, undefined, 2) : text;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
