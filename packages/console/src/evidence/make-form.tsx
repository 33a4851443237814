import { useState, type FormEvent, type ReactNode } from "react";
import { EVIDENCE_FRAMEWORKS } from "@bailiwick/control-plane/contract/evidence-bytes";
import { useSearchParams } from "wouter";
import { Problem } from "../problem.tsx";
import { MadeArchive } from "./made-archive.tsx";
import { useMaking, type Making, type Wanted } from "./use-making.ts";

const SCOPES = {
  Run: "one run",
  Person: "a person’s hosts",
  Team: "a team’s people",
  Host: "a host",
  Project: "a project",
  Agent: "an agent",
  Company: "the company",
} as const;
type ScopeType = keyof typeof SCOPES;
const TYPES = Object.keys(SCOPES).filter(isScopeType);

function isScopeType(text: string): text is ScopeType {
  return Object.hasOwn(SCOPES, text);
}

const DAY_MS = 86_400_000;
const SUGGESTED_DAYS = 30;

/** Which runs, when, and why. `?scope=Run:ID` says the first. @param onMade an archive is there, and the server’s log says so */
export function MakeForm({ onMade }: { readonly onMade: () => void }): ReactNode {
  const [params] = useSearchParams();
  const [, given = "", id = ""] = /^([A-Za-z]+):(.*)$/.exec(params.get("scope") ?? "") ?? [];
  const [type, setType] = useState<ScopeType>(isScopeType(given) ? given : "Company");
  const { making, make, cancel } = useMaking(onMade);
  const send = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    make(wantedOf(type, new FormData(event.currentTarget)));
  };
  return (
    <section aria-label="Make an archive">
      <h2>Make an archive</h2>
      <p className="quiet">
        One signed file with every event of these runs, proofs, and a report. It can be checked without this server. Who
        made it, why, of which runs, and its digest stand in the server’s log.
      </p>
      <form className="evidence" aria-label="Make an archive" onSubmit={send}>
        <label>
          Runs of
          <select
            value={type}
            onChange={({ target: { value } }) => {
              if (isScopeType(value)) setType(value);
            }}
          >
            {TYPES.map((each) => (
              <option key={each} value={each}>
                {SCOPES[each]}
              </option>
            ))}
          </select>
        </label>
        {type !== "Company" && (
          <label>
            {type === "Run" ? "Run, by its id" : `${type}, by its name here`}
            <input
              name="id"
              required
              maxLength={400}
              size={28}
              spellCheck={false}
              defaultValue={type === given ? id : ""}
            />
          </label>
        )}
        {type !== "Run" && <Narrowed />}
        <label className="why">
          Why (for the log, and in the archive)
          <input name="reason" required maxLength={500} />
        </label>
        <Contents />
        <p className="answers">
          <button type="submit" disabled={making.state === "making"}>
            Make the archive
          </button>
          {making.state === "making" && (
            <button type="button" onClick={cancel}>
              Cancel
            </button>
          )}
        </p>
      </form>
      <Outcome making={making} />
    </section>
  );
}

function Narrowed(): ReactNode {
  return (
    <>
      <label>
        From
        <input name="from" type="datetime-local" defaultValue={localText(Date.now() - SUGGESTED_DAYS * DAY_MS)} />
      </label>
      <label>
        To (now, if nothing is said)
        <input name="to" type="datetime-local" />
      </label>
      <label>
        Label (KEY=VALUE)
        <input name="label" maxLength={200} placeholder="any" spellCheck={false} />
      </label>
    </>
  );
}

function Contents(): ReactNode {
  return (
    <fieldset>
      <legend>With</legend>
      {EVIDENCE_FRAMEWORKS.map((name) => (
        <label key={name}>
          <input type="checkbox" name="framework" value={name} defaultChecked /> controls of {name}
        </label>
      ))}
      <label>
        <input type="checkbox" name="recordings" /> what terminals showed, of runs that you may replay (replayRun)
      </label>
    </fieldset>
  );
}

function Outcome({ making }: { readonly making: Making }): ReactNode {
  switch (making.state) {
    case "nothing":
      return null;
    case "making":
      return (
        <p role="status">
          It is being made: {Math.ceil(making.bytes / 1_024).toLocaleString("en")} KiB so far. Stay on this page.
        </p>
      );
    case "failed":
      return <Problem error={making.error} />;
    case "made":
      return <MadeArchive made={making} />;
  }
}

function wantedOf(type: ScopeType, form: FormData): Wanted {
  const text = (name: string): string => {
    const value = form.get(name);
    return typeof value === "string" ? value.trim() : "";
  };
  const [from, to] = [Date.parse(text("from")), Date.parse(text("to"))];
  const label = text("label");
  const chosen = form.getAll("framework");
  return {
    scope: { type, id: type === "Company" ? "company" : text("id") },
    reason: text("reason"),
    ...(!Number.isNaN(from) && { from }),
    // The last minute is meant as a whole.
    ...(!Number.isNaN(to) && { to: to + 59_999 }),
    ...(label !== "" && { label }),
    frameworks: EVIDENCE_FRAMEWORKS.filter((name) => chosen.includes(name)),
    recordings: form.has("recordings"),
  };
}

/** As an input of the browser’s own time has it. */
function localText(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
