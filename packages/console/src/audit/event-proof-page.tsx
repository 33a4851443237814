import { useEffect, useState, type ReactNode } from "react";
import type { ProofTrust } from "@bailiwick/audit/browser";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { Link, useSearchParams } from "wouter";
import { isForbidden, Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { readKnownHead } from "./known-head.ts";
import { ProofView } from "./proof-view.tsx";
import { TakeAlong } from "./take-along.tsx";

interface Proven {
  readonly proof: Uint8Array;
  readonly told: AnswerOf<"proveEvent">;
  readonly trust: ProofTrust;
}

interface EventProofPageProps {
  readonly run: string;
  /** Its place in the order of arrival. */
  readonly seq: number;
}

/** An event of a run, proven here to be in its host's record. */
export default function EventProofPage({ run, seq }: EventProofPageProps): ReactNode {
  const [params, setParams] = useSearchParams();
  const personal = params.get("personal") === "false" ? "false" : "true";
  const [proven, setProven] = useState<Proven>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    server.call("proveEvent", { params: { run, seq }, query: { personal } }, { signal }).then(
      (told) => {
        // A witness whose key changes is not the one that was seen here before.
        const witness = readKnownHead()?.witnessKey ?? told.witnessKey;
        const trust = { logKey: told.logKey, witnesses: [witness], quorum: 1 };
        setProven({ proof: new TextEncoder().encode(told.proof), told, trust });
      },
      (failure: unknown) => {
        if (!signal.aborted) setError(failure);
      },
    );
    return () => {
      ending.abort();
    };
  }, [run, seq, personal]);
  const event = `/runs/${run}/events/${String(seq)}`;
  return (
    <div className="sheet" tabIndex={0} role="region" aria-label="Proof of an event">
      <p className="crumbs">
        <Link href="/runs">Runs</Link> / <Link href={`/runs/${run}`}>{run}</Link> /{" "}
        <Link href={event}>event {seq}</Link>
      </p>
      <h1>Proof of an event</h1>
      <p>
        <label>
          <input
            type="checkbox"
            checked={personal === "true"}
            onChange={({ target }) => setParams(target.checked ? {} : { personal: "false" }, { replace: true })}
          />{" "}
          with what is personal in it: commands, names, directories, hosts
        </label>
      </p>
      {isForbidden(error) ? (
        <p className="empty">A proof holds the event: it needs the right to read this run (readRun).</p>
      ) : (
        error !== undefined && <Problem error={error} />
      )}
      {proven !== undefined && (
        <>
          <ProofView proof={proven.proof} trust={proven.trust} />
          <p>
            The key is the one that the host <Link href={`/hosts/${proven.told.host}`}>{proven.told.host}</Link>{" "}
            enrolled with here, and the witness is this server: whoever distrusts both asks the host for its key, and
            for a proof with other witnesses.
          </p>
          <TakeAlong
            name={`event-${String(seq)}.tlog-proof`}
            proof={proven.proof}
            logKey={proven.told.logKey}
            witnessKey={proven.told.witnessKey}
          />
        </>
      )}
    </div>
  );
}
