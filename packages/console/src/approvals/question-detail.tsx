import { useState, type ReactNode } from "react";
import { escapeControls } from "@bailiwick/base";
import type { QuestionOfServer } from "@bailiwick/control-plane/contract";
import { questionRows } from "@bailiwick/control-plane/contract/question-rows";
import { Link } from "wouter";
import { useKeys } from "../keys.ts";
import { Problem } from "../problem.tsx";
import { Time } from "../time.tsx";
import { ANSWERS, type Answer, type Answers, type Propose } from "./use-answers.ts";

interface QuestionDetailProps {
  readonly question: QuestionOfServer;
  /** Open questions that ask the very same, beside this one. */
  readonly others: number;
  readonly answers: Answers;
  /** Why who looks cannot answer it; undefined: they can. */
  readonly hindrance: string | undefined;
}

/** Rows that say what would happen. */
const asked = new Set(["command", "host", "request"]);

/** All of a question: what would happen, why it is asked, what an answer is bound to, who may give it; and the ways to do so. */
export function QuestionDetail({ question, others, answers, hindrance }: QuestionDetailProps): ReactNode {
  const { about, bound, run, exec, expiresAt, askedAt, state } = question;
  return (
    <article className="question" aria-label="Question" tabIndex={0}>
      <h2>
        {about === undefined
          ? "May this run?"
          : about.request === undefined
            ? "May this be reached?"
            : "May this be sent?"}
      </h2>
      <dl>
        {questionRows(question).map(([label, text]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {asked.has(label) ? (
                <strong>
                  <code>{escapeControls(text)}</code>
                </strong>
              ) : (
                escapeControls(text)
              )}
            </dd>
          </div>
        ))}
        <div>
          <dt>who may answer</dt>
          <dd>{whoText(question)}</dd>
        </div>
        <div>
          <dt>bound to</dt>
          <dd>
            <code>{bound}</code> An answer is for exactly this, and counts once.
          </dd>
        </div>
        <div>
          <dt>asked</dt>
          <dd>
            <Time at={askedAt} />, until <Time at={expiresAt} />; process {exec} of{" "}
            <Link href={`/runs/${run}`}>its run</Link>
          </dd>
        </div>
      </dl>
      {state === "open" ? (
        <Answering key={question.id} {...{ question, others, answers, hindrance }} />
      ) : (
        <Over {...question} />
      )}
    </article>
  );
}

function Over({ state, answer, answeredBy = "", why }: QuestionOfServer): ReactNode {
  const said = answer === undefined ? `It is over: ${state}.` : `${answeredBy} answered: ${ANSWERS[answer]}.`;
  return (
    <p role="status" className="standing">
      {said} {why !== undefined && `Why: ${escapeControls(why)}`}
    </p>
  );
}

const KEYS = { y: "once", a: "run", n: "no" } as const satisfies Record<string, Answer>;

function Answering({ question, others, answers, hindrance }: QuestionDetailProps): ReactNode {
  const [why, setWhy] = useState("");
  const [same, setSame] = useState(false);
  const [propose, setPropose] = useState<Propose>();
  const { id, terms } = question;
  const given = answers.pending.get(id);
  const outcome = answers.outcomes.get(id);
  const give = (answer: Answer): void => {
    if (hindrance !== undefined) return;
    // Such a yes is signed by a passkey, on a page of its own.
    if (terms.stepUpMinutes !== undefined && answer !== "no") location.assign(stepUpPath(id));
    else answers.give({ question, answer, why, same, propose });
  };
  useKeys({
    y: () => give(KEYS.y),
    a: () => give(KEYS.a),
    n: () => give(KEYS.n),
    u: () => answers.takeBack(given === undefined ? undefined : id),
  });
  if (hindrance !== undefined) return <p className="standing">{hindrance}</p>;
  return (
    <>
      {terms.stepUpMinutes !== undefined && <ProvenElsewhere id={id} />}
      <Proposing propose={propose} disabled={given !== undefined} onPropose={setPropose} />
      <p>
        <label>
          Why (for the log){" "}
          <input
            value={why}
            maxLength={500}
            disabled={given !== undefined}
            onChange={({ target }) => setWhy(target.value)}
          />
        </label>
      </p>
      {others > 0 && (
        <p>
          <label>
            <input
              type="checkbox"
              checked={same}
              disabled={given !== undefined}
              onChange={({ target }) => setSame(target.checked)}
            />{" "}
            Also for {others} more that ask the very same, as far as you may answer them
          </label>
        </p>
      )}
      <p className="answers">
        {Object.entries(KEYS).map(([key, answer]) => (
          <button
            key={key}
            type="button"
            aria-keyshortcuts={key}
            disabled={given !== undefined}
            onClick={() => give(answer)}
          >
            {ANSWERS[answer]} <kbd>{key}</kbd>
          </button>
        ))}
      </p>
      <p className="quiet">“For this run”: the same, asked again within this run, needs no answer.</p>
      <div role="status" className="standing">
        {given !== undefined && (
          <p className="pending">
            {`“${ANSWERS[given.answer]}” is sent in five seconds, if you stay on this page. `}
            <button type="button" aria-keyshortcuts="u" onClick={() => answers.takeBack(id)}>
              Undo <kbd>u</kbd>
            </button>
          </p>
        )}
        {outcome !== undefined && "said" in outcome && <p>{outcome.said}</p>}
      </div>
      {outcome !== undefined && "error" in outcome && <Problem error={outcome.error} />}
    </>
  );
}

function ProvenElsewhere({ id }: { readonly id: string }): ReactNode {
  return (
    <p className="standing">
      A yes has to be proven by a passkey. <a href={stepUpPath(id)}>Prove that it is you, and answer</a>; a no is sent
      from here.
    </p>
  );
}

interface ProposingProps {
  readonly propose: Propose | undefined;
  readonly disabled: boolean;
  readonly onPropose: (propose: Propose | undefined) => void;
}

/** So that the same is not asked for ever; it permits nothing by itself. */
function Proposing({ propose, disabled, onPropose }: ProposingProps): ReactNode {
  return (
    <p>
      <label>
        With a yes, propose that policies permit it{" "}
        <select
          value={propose ?? ""}
          disabled={disabled}
          onChange={({ target: { value } }) => {
            onPropose(value === "project" || value === "always" ? value : undefined);
          }}
        >
          <option value="">no</option>
          <option value="project">in this project</option>
          <option value="always">everywhere</option>
        </select>
      </label>{" "}
      <span className="quiet">That stands under Policies then, and permits nothing by itself.</span>
    </p>
  );
}

/** The server's page on which a passkey signs the answer. */
function stepUpPath(id: string): string {
  return `/questions/${id}`;
}

function whoText({ role, terms, saidYes = [], person }: QuestionOfServer): string {
  const who =
    role === undefined || role === "operator" ? "whoever may answer questions of this run" : `who has the role ${role}`;
  const parts = [`${who}, other than ${person}, whose run it is`];
  if (terms.approvals > 1) {
    const soFar = saidYes.length === 0 ? "nobody so far" : `so far ${saidYes.join(", ")}`;
    parts.push(`${String(terms.approvals)} different people have to say yes (${soFar}), one no is enough`);
  }
  if (terms.stepUpMinutes !== undefined) parts.push("a yes by a passkey");
  return parts.join("; ");
}
