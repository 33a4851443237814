import { useState, type FormEvent, type ReactNode } from "react";
import type { HostFacts } from "@bailiwick/control-plane/contract";
import { Problem } from "../problem.tsx";
import { Section } from "../section.tsx";
import { server } from "../server.ts";

interface RevokeFormProps {
  readonly host: HostFacts;
  readonly actions: readonly string[];
  readonly onRevoked: () => void;
}

/** Nothing is revoked but with a reason, and by a second step. */
export function RevokeForm({ host: { id }, actions, onRevoked }: RevokeFormProps): ReactNode {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<unknown>();
  if (!actions.includes("revokeHost")) {
    return <Section title="Revoke">That takes a role with revokeHost, and you have none.</Section>;
  }
  const send = (event: FormEvent): void => {
    event.preventDefault();
    setSending(true);
    server.call("revokeHost", { params: { host: id }, body: { reason: reason.trim() } }).then(onRevoked, (failure) => {
      setSending(false);
      setError(failure);
    });
  };
  return (
    <Section title="Revoke">
      {!open && (
        <p className="answers">
          <button type="button" onClick={() => setOpen(true)}>
            Revoke this host…
          </button>
        </p>
      )}
      {open && (
        <form onSubmit={send} aria-label="Revoke this host">
          <p>
            The server takes nothing from it any more, for good: its key is worth nothing from then on. Runs there go
            on, unless they are ended before; what it sent stays. To come back it is enrolled anew, with a record of its
            own.
          </p>
          <p>
            <label>
              Why{" "}
              <input
                autoFocus
                required
                maxLength={500}
                value={reason}
                onChange={({ target }) => setReason(target.value)}
              />
            </label>
          </p>
          <p className="answers">
            <button type="submit" disabled={reason.trim() === "" || sending}>
              Revoke {id}
            </button>
            <button type="button" onClick={() => setOpen(false)}>
              Cancel
            </button>
          </p>
          {error !== undefined && <Problem error={error} />}
        </form>
      )}
    </Section>
  );
}
