import { useState, type ReactNode } from "react";
import type { Session } from "../session.ts";
import { MadeList } from "./made-list.tsx";
import { MakeForm } from "./make-form.tsx";

/** Archives of evidence: made of runs that one may read, and who made which. */
export default function EvidencePage({ session }: { readonly session: Session }): ReactNode {
  const [made, setMade] = useState(0);
  return (
    <div className="page">
      <header className="page-head">
        <h1>Evidence</h1>
      </header>
      {session.actions.includes("exportAudit") ? (
        <MakeForm onMade={() => setMade((before) => before + 1)} />
      ) : (
        <p className="empty">
          Making an archive takes the right exportAudit, which owners, security-admin and auditor have. It has the runs
          that whoever makes it may read (readRun).
        </p>
      )}
      <MadeList key={made} session={session} />
    </div>
  );
}
