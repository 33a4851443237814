import { useState, type FormEvent, type ReactNode } from "react";
import { count } from "@bailiwick/base";
import type { AnswerOf, PolicyScope } from "@bailiwick/control-plane/contract";
import { Problem } from "../problem.tsx";
import { server } from "../server.ts";
import { splitWords } from "./split-words.ts";

interface AskAboutProps {
  readonly scope: PolicyScope;
  readonly bundle: string;
}

type Outcome = { readonly found: AnswerOf<"explainPolicy"> } | { readonly error: unknown };

/** What would be decided of one command or host under a text, and by which policies. */
export function AskAbout({ scope, bundle }: AskAboutProps): ReactNode {
  const [text, setText] = useState("");
  const [kind, setKind] = useState("command");
  const [outcome, setOutcome] = useState<Outcome>();
  const ask = (event: FormEvent): void => {
    event.preventDefault();
    const asked = kind === "command" ? { argv: splitWords(text) } : hostOf(text);
    server.call("explainPolicy", { body: { scope, bundle, asked } }).then(
      (found) => setOutcome({ found }),
      (error: unknown) => setOutcome({ error }),
    );
  };
  return (
    <section>
      <h2>What would be decided of …</h2>
      <form className="in-line" aria-label="Ask about a command or a host" onSubmit={ask}>
        <select aria-label="Of what" value={kind} onChange={({ target }) => setKind(target.value)}>
          <option value="command">a command</option>
          <option value="host">a host</option>
        </select>
        <input
          className="wide"
          required
          aria-label={kind === "command" ? "Command" : "Host"}
          placeholder={kind === "command" ? "git push --force origin main" : "api.example.com:443"}
          maxLength={4_000}
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <button type="submit" disabled={text.trim() === ""}>
          Ask
        </button>
      </form>
      {outcome !== undefined && "error" in outcome && <Problem error={outcome.error} />}
      {outcome !== undefined && "found" in outcome && <Found {...outcome.found} />}
    </section>
  );
}

function hostOf(text: string): { host: string; port: number } {
  const [, host = text.trim(), port = "443"] = /^(.*):([0-9]{1,5})$/.exec(text.trim()) ?? [];
  return { host, port: Number(port) };
}

const SAID = { allow: "allowed", deny: "refused", ask: "asked" } as const;

function Found(found: AnswerOf<"explainPolicy">): ReactNode {
  const { outcome, reason, instead, approver, failure, applied, couldApply, policyCount } = found;
  return (
    <div role="status" aria-label="What would be decided">
      <p>
        It would be <strong className={`decision ${SAID[outcome]}`}>{SAID[outcome]}</strong>
        {approver !== undefined && ` of ${approver}`}
        {reason !== "" && `: ${reason}`}
        {instead !== undefined && `; instead: ${instead}`}
        {failure !== undefined && ` (${failure})`}
      </p>
      <p className="quiet">{`${count(couldApply, "policy")} of ${String(policyCount)} could apply; these do:`}</p>
      <ul>
        {applied.map(({ id, effect, source, line, result, facts }) => (
          <li key={id}>
            <code>{id}</code> {result === "failed" ? "could not be evaluated, which refuses" : `${effect}s`}{" "}
            <span className="quiet">
              {source}:{line}
              {Object.entries(facts).map(([name, value]) => ` ${name} = ${JSON.stringify(value)}`)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
