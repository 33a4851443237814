import type { ReactNode } from "react";
import { FINE } from "@bailiwick/audit/browser";
import { Link } from "wouter";
import { isForbidden, Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { useAsked } from "../use-asked.ts";
import { HeadState } from "./head-state.tsx";
import { followHead, seenSize } from "./known-head.ts";
import { ProofView } from "./proof-view.tsx";
import { TakeAlong } from "./take-along.tsx";

/** One entry of the server's own log, proven here. */
export default function EntryPage({ index }: { readonly index: number }): ReactNode {
  const { value: proven, error } = useAsked(String(index), async (signal) => {
    const told = await server.call("proveNote", { params: { index }, query: { since: seenSize() } }, { signal });
    const compared = await followHead(told);
    // The key that was seen first: a proof by another one proves nothing of that log.
    const trust = { logKey: compared.seen?.logKey ?? told.logKey, witnesses: [], quorum: 0 };
    return { proof: new TextEncoder().encode(told.proof), compared, trust };
  });
  return (
    <div className="sheet" tabIndex={0} role="region" aria-label={`Entry ${String(index)}`}>
      <p className="crumbs">
        <Link href="/audit">Audit</Link> / {index}
      </p>
      <h1>{`Entry ${String(index)} of the server’s log`}</h1>
      {isForbidden(error) ? (
        <p className="empty">Proofs of the server’s log need the right viewServerLog.</p>
      ) : (
        error !== undefined && <Problem error={error} />
      )}
      {proven !== undefined && (
        <>
          <ProofView proof={proven.proof} trust={proven.trust} />
          <h2>The log</h2>
          <HeadState compared={proven.compared} />
          {FINE.has(proven.compared.finding) && (
            <TakeAlong name={`entry-${String(index)}.tlog-proof`} proof={proven.proof} logKey={proven.trust.logKey} />
          )}
        </>
      )}
    </div>
  );
}
