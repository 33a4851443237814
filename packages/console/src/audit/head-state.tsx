import { useState, type ReactNode } from "react";
import { sizeOfHead, type HeadFinding } from "@bailiwick/audit/browser";
import { escapeControls } from "@bailiwick/base";
import { Time } from "../time.tsx";
import { forgetHead, type Compared } from "./known-head.ts";

const WRONG: Readonly<Partial<Record<HeadFinding, string>>> = {
  "rolled back": "The server’s log has fewer entries than this browser has seen: some of it was taken back.",
  forked: "The server’s log is not the one that this browser has seen: its past was written anew.",
  unproven: "The server does not show that its log begins with what this browser has seen.",
  "other key": "The server’s log is signed by another key than the one that this browser knows.",
  unsigned: "The server’s log is not signed by its key.",
  malformed: "What the server says of its log has no form that is known.",
};

/** Whether the server's log is still the one that this browser saw. */
export function HeadState({ compared }: { readonly compared: Compared }): ReactNode {
  const { finding, seen, size } = compared;
  if (finding !== "first" && finding !== "same" && finding !== "grown") return <Contradiction compared={compared} />;
  return (
    <p className="head-state">
      <span className="good">✓</span> {String(size)} entries, signed by the key of this server,{" "}
      {finding === "first" || seen === undefined ? (
        "seen by this browser for the first time: from now on it remembers this."
      ) : (
        <>
          which {finding === "same" ? "are those" : `continue the ${String(sizeOfHead(seen.checkpoint))}`} that this
          browser saw <Time at={seen.at} />.
        </>
      )}
    </p>
  );
}

function Contradiction({ compared: { finding, seen, told } }: { readonly compared: Compared }): ReactNode {
  const [sure, setSure] = useState(false);
  return (
    <div role="alert" className="problem">
      <p>
        <strong className="bad">{WRONG[finding]}</strong>
      </p>
      <p>
        What to do: keep both of these, and ask whoever runs the server. A database that was put back to an older state
        does this, and so does somebody who hides what was done. Other browsers that were here remember, too.
      </p>
      {seen !== undefined && (
        <>
          <p>
            Seen <Time at={seen.at} />, signed by <code>{escapeControls(seen.logKey)}</code>:
          </p>
          <pre tabIndex={0}>{seen.checkpoint}</pre>
        </>
      )}
      <p>
        The server says now, signed by <code>{escapeControls(told.logKey)}</code>:
      </p>
      <pre tabIndex={0}>{told.checkpoint}</pre>
      <p className="answers">
        {sure ? (
          <button
            type="button"
            onClick={() => {
              forgetHead();
              location.reload();
            }}
          >
            I have kept both: forget what was seen
          </button>
        ) : (
          <button type="button" onClick={() => setSure(true)}>
            Begin anew…
          </button>
        )}
      </p>
    </div>
  );
}
