import { useState, type FormEvent, type ReactNode } from "react";
import type { InputOf } from "@bailiwick/control-plane/contract";
import { Link, useSearchParams } from "wouter";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { useAsked } from "../use-asked.ts";

type Explain = InputOf<"explainAccess">["body"];
const WHO = ["Person", "Token", "Host"] as const;
const WHAT = ["Company", "Team", "Person", "Project", "Agent", "Host", "Run", "Question"] as const;

/** `access explain` as an address that one can send: who, action, what → yes or no, and why. */
export default function AccessPage(): ReactNode {
  const [params, setParams] = useSearchParams();
  const asked = {
    who: params.get("who") ?? "",
    action: params.get("action") ?? "",
    what: params.get("what") ?? "company",
  };
  const body = readAsked(asked);
  const actions = useAsked("actions", (signal) => server.call("listActions", {}, { signal }));
  const explained = useAsked(
    JSON.stringify(body),
    body === undefined ? undefined : (signal) => server.call("explainAccess", { body }, { signal }),
  );
  const { value, error } = explained;
  return (
    <div className="page">
      <header className="run-head">
        <p className="crumbs">
          <Link href="/people">People</Link>
        </p>
        <h1>Who may do what</h1>
      </header>
      <section>
        <Asking
          key={JSON.stringify(asked)}
          asked={asked}
          actions={actions.value?.items ?? []}
          onAsk={(next) => setParams({ ...next })}
        />
        {error !== undefined && <Problem error={error} />}
        {value !== undefined && (
          <div role="status" aria-label="Answer">
            <p>
              <strong className={value.allowed ? "good" : "bad"}>{value.allowed ? "✓ yes" : "✕ no"}</strong>:{" "}
              {value.reason}
            </p>
            {value.policies.length > 0 && (
              <p className="quiet">
                by <code>{value.policies.join(", ")}</code>
              </p>
            )}
            <h3>Roles that they have</h3>
            {value.grants.length === 0 && <p>None.</p>}
            <ul>
              {value.grants.map(({ id, role, scope, when = [], handedOnBy }) => (
                <li key={id}>
                  {[`${role} for ${scope.type} ${scope.id}`, ...when].join(", ")}
                  {handedOnBy !== undefined && `, handed on by ${handedOnBy}`} <code className="quiet">{id}</code>
                </li>
              ))}
            </ul>
          </div>
        )}
        {body === undefined && (
          <p className="empty">
            Say who (a person’s id, or <code>Token:ID</code>, <code>Host:ID</code>), which right, and on what:{" "}
            <code>company</code>, or <code>Run:ID</code>, <code>Team:ID</code> and the like. The answer is what the
            server would decide at this moment, and the address of this page asks the same.
          </p>
        )}
      </section>
    </div>
  );
}

interface AskedText {
  readonly who: string;
  readonly action: string;
  readonly what: string;
}

/** @returns undefined as long as it is no question */
function readAsked({ who, action, what }: AskedText): Explain | undefined {
  const [, of = "Person", id = ""] = /^(?:([A-Z][a-z]+):)?(.+)$/.exec(who.trim()) ?? [];
  const [, on = "", named = ""] =
    /^([A-Z][a-z]+):(.+)$/.exec(what.trim() === "company" ? "Company:company" : what.trim()) ?? [];
  const whoType = WHO.find((type) => type === of);
  const whatType = WHAT.find((type) => type === on);
  if (whoType === undefined || whatType === undefined || id === "" || action === "") return undefined;
  return { who: { type: whoType, id }, action, resource: { type: whatType, id: named } };
}

interface AskingProps {
  readonly asked: AskedText;
  readonly actions: readonly { readonly name: string; readonly what: string }[];
  readonly onAsk: (asked: AskedText) => void;
}

function Asking({ asked, actions, onAsk }: AskingProps): ReactNode {
  const [text, setText] = useState(asked);
  const send = (event: FormEvent): void => {
    event.preventDefault();
    onAsk({ who: text.who.trim(), action: text.action.trim(), what: text.what.trim() });
  };
  const set = (change: Partial<AskedText>): void => setText((before) => ({ ...before, ...change }));
  return (
    <form className="in-line" aria-label="Who may do what" onSubmit={send}>
      <label>
        Who{" "}
        <input required value={text.who} placeholder="robin" onChange={({ target }) => set({ who: target.value })} />
      </label>
      <label>
        may do{" "}
        <input
          required
          list="actions"
          value={text.action}
          placeholder="readRun"
          onChange={({ target }) => set({ action: target.value })}
        />
        <datalist id="actions">
          {actions.map(({ name, what }) => (
            <option key={name} value={name}>
              {what}
            </option>
          ))}
        </datalist>
      </label>
      <label>
        on <input required className="wide" value={text.what} onChange={({ target }) => set({ what: target.value })} />
      </label>
      <button type="submit">Ask</button>
    </form>
  );
}
