/** What changes something for others: said before, with a reason where one is kept, and done by a second step. */
import { useState, type FormEvent, type ReactNode } from "react";
import { Link } from "wouter";
import { codeOf, Problem } from "../problem.tsx";

export interface ActProps {
  /** Of the button that begins it, and of the one that does it. */
  readonly label: string;
  /** What it does, to whom. */
  readonly what: ReactNode;
  /** Why who looks can't; undefined: they can, as far as is known here. */
  readonly hindrance?: string | undefined;
  /** Whether a reason is asked for; undefined: the server keeps none. */
  readonly reason?: "required" | "optional" | undefined;
  /** What else it needs. */
  readonly children?: ReactNode;
  /** @returns what was done, for who did it: also what is shown once */
  readonly act: (reason: string) => Promise<ReactNode>;
  readonly onDone?: (() => void) | undefined;
}

type Outcome = "sending" | { readonly said: ReactNode } | { readonly error: unknown };

export function Act(props: ActProps): ReactNode {
  const { label, hindrance } = props;
  const [open, setOpen] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  if (open) return <ActForm {...props} outcome={outcome} setOutcome={setOutcome} onClose={() => setOpen(false)} />;
  return (
    <div className="act">
      <button
        type="button"
        disabled={hindrance !== undefined}
        onClick={() => {
          setOutcome(undefined);
          setOpen(true);
        }}
      >
        {label} …
      </button>
      {hindrance !== undefined && <span className="quiet">{hindrance}</span>}
      <span role="status">{typeof outcome === "object" && "said" in outcome && outcome.said}</span>
    </div>
  );
}

interface ActFormProps extends ActProps {
  readonly outcome: Outcome | undefined;
  readonly setOutcome: (outcome: Outcome | undefined) => void;
  readonly onClose: () => void;
}

function ActForm({
  label,
  what,
  reason,
  children,
  act,
  onDone,
  outcome,
  setOutcome,
  onClose,
}: ActFormProps): ReactNode {
  const [why, setWhy] = useState("");
  const send = (event: FormEvent): void => {
    event.preventDefault();
    setOutcome("sending");
    act(why.trim()).then(
      (said) => {
        setOutcome({ said });
        onClose();
        onDone?.();
      },
      (error: unknown) => {
        setOutcome({ error });
      },
    );
  };
  return (
    <form className="act-form" aria-label={label} onSubmit={send}>
      <h3>{label}?</h3>
      <div>{what}</div>
      {children}
      {reason !== undefined && (
        <p>
          <label>
            Why (for the log){" "}
            <input
              autoFocus={children === undefined}
              required={reason === "required"}
              maxLength={500}
              value={why}
              onChange={({ target }) => setWhy(target.value)}
            />
          </label>
        </p>
      )}
      <p className="answers">
        <button type="submit" disabled={outcome === "sending" || (reason === "required" && why.trim() === "")}>
          {label}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </p>
      {typeof outcome === "object" && "error" in outcome && <Refused error={outcome.error} />}
    </form>
  );
}

/** What more than one person has to want is no failure: it waits. */
function Refused({ error }: { readonly error: unknown }): ReactNode {
  if (codeOf(error) !== "SERVER_NEEDS_OTHERS") return <Problem error={error} />;
  return (
    <div className="notice" role="alert">
      <p>
        {error instanceof Error ? error.message : ""}. Somebody else who may do this confirms it where{" "}
        <Link href="/people">people</Link> are.
      </p>
    </div>
  );
}

/** What the server keeps only the hash of. */
export function ShownOnce({ label, secret }: { readonly label: string; readonly secret: string }): ReactNode {
  return (
    <label className="shown-once">
      {label}, shown once: <input readOnly className="wide" value={secret} onFocus={({ target }) => target.select()} />
    </label>
  );
}
