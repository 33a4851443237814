import { useMemo, useState, type DragEvent, type ReactNode } from "react";
import { MAX_PROOF_BYTES } from "@bailiwick/audit/browser";
import { Link } from "wouter";
import { readKnownHead } from "./known-head.ts";
import { ProofView } from "./proof-view.tsx";

/** A verifier key, `NAME+ID+KEY`. */
const KEY = /^[^\s+]+\+[0-9a-f]{8}\+\S+\s*$/;

/** Checks a proof that somebody else made. Nothing of it leaves the browser, and no server is asked. */
export default function CheckPage(): ReactNode {
  const [file, setFile] = useState<{ readonly name: string; readonly bytes: Uint8Array }>();
  const [logKey, setLogKey] = useState("");
  const [witnesses, setWitnesses] = useState("");
  const trust = useMemo(() => {
    const keys = witnesses.split(/\s+/).filter((text) => text !== "");
    return { logKey: logKey.trim(), witnesses: keys, quorum: keys.length };
  }, [logKey, witnesses]);
  const take = async (given: File): Promise<void> => {
    const bytes = new Uint8Array(await given.slice(0, MAX_PROOF_BYTES + 1).arrayBuffer());
    const text = new TextDecoder().decode(bytes);
    // A key may be dropped as well as a proof.
    if (KEY.test(text)) setLogKey(text.trim());
    else setFile({ name: given.name, bytes });
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    for (const each of event.dataTransfer.files) void take(each);
  };
  return (
    <div
      className="sheet"
      tabIndex={0}
      role="region"
      aria-label="Check a proof"
      onDrop={drop}
      onDragOver={(event) => event.preventDefault()}
    >
      <p className="crumbs">
        <Link href="/audit">Audit</Link> / check
      </p>
      <h1>Check a proof</h1>
      <p>Everything is checked in this page: it can be used without a network, and sends nothing.</p>
      <p>
        <label>
          Proof{" "}
          <input
            type="file"
            onChange={({ target }) => {
              for (const each of target.files ?? []) void take(each);
            }}
          />
        </label>{" "}
        <span className="quiet">or drop it anywhere here{file === undefined ? "" : `; looked at: ${file.name}`}</span>
      </p>
      <p>
        <label>
          Verifier key of the log{" "}
          <input
            className="wide"
            placeholder="NAME+ID+KEY"
            spellCheck={false}
            value={logKey}
            onChange={({ target }) => setLogKey(target.value)}
          />
        </label>
      </p>
      <KnownKey onChosen={setLogKey} />
      <p>
        <label>
          Keys of witnesses that must have cosigned{" "}
          <input
            className="wide"
            placeholder="none"
            spellCheck={false}
            value={witnesses}
            onChange={({ target }) => setWitnesses(target.value)}
          />
        </label>
      </p>
      {file !== undefined && trust.logKey === "" && <p role="status">Give the key of the log.</p>}
      {file !== undefined && trust.logKey !== "" && <ProofView proof={file.bytes} trust={trust} />}
    </div>
  );
}

function KnownKey({ onChosen }: { readonly onChosen: (key: string) => void }): ReactNode {
  const known = readKnownHead();
  return (
    <p className="answers">
      From somebody you trust, not from whoever sent the proof.{" "}
      {known !== undefined && (
        <button type="button" onClick={() => onChosen(known.logKey)}>
          The key that this browser knows of this server
        </button>
      )}
    </p>
  );
}
