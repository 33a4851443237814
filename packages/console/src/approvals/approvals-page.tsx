import { useEffect, useState, type ReactNode } from "react";
import type { QuestionOfServer } from "@bailiwick/control-plane/contract";
import { useLocation, useSearchParams } from "wouter";
import { useKeys } from "../keys.ts";
import { Problem } from "../problem.tsx";
import { RowsHead } from "../rows/rows-head.tsx";
import { useWindow } from "../rows/use-window.ts";
import { server } from "../server.ts";
import type { Session } from "../session.ts";
import { Time } from "../time.tsx";
import { QuestionDetail } from "./question-detail.tsx";
import { ANSWERS, useAnswers, whatOf, type Answers } from "./use-answers.ts";
import { useQuestions } from "./use-questions.ts";

const ROW_PX = 36;

interface ApprovalsPageProps {
  readonly session: Session;
  /** The question that is looked at. It is never another than the person chose, so that a key answers nothing else. */
  readonly id: string | undefined;
}

export function ApprovalsPage({ session, id }: ApprovalsPageProps): ReactNode {
  const [search, setSearch] = useSearchParams();
  const state = search.get("state") === "all" ? "all" : "open";
  const { items = [], mayAnswer, live, error } = useQuestions(state);
  const answers = useAnswers();
  const [, navigate] = useLocation();
  const { question, error: missing } = useQuestion(id, items);
  const select = (question: QuestionOfServer | undefined): void => {
    if (question !== undefined) navigate(`/approvals/${question.id}${location.search}`, { replace: true });
  };
  const index = items.findIndex((item) => item.id === id);
  const [next, previous] = [
    () => select(items[Math.min(items.length - 1, index + 1)]),
    () => select(items[Math.max(0, index - 1)]),
  ];
  useKeys({ j: next, ArrowDown: next, k: previous, ArrowUp: previous });
  const others = items.filter(
    (item) => item.bound === question?.bound && item.state === "open" && item.id !== id,
  ).length;
  return (
    <>
      <header className="page-head">
        <h1>Approvals</h1>
        <label>
          <input
            type="checkbox"
            checked={state === "all"}
            onChange={({ target }) => setSearch(target.checked ? { state: "all" } : {}, { replace: true })}
          />{" "}
          Also what is over
        </label>
        <p role="status" className="end">
          {live ? "● live" : "○ not connected"} · {items.filter((item) => item.state === "open").length} open
        </p>
      </header>
      {error !== undefined && <Problem error={error} />}
      <div className="run-body">
        {items.length > 0 ? (
          <QuestionRows {...{ items, id, answers }} onSelect={select} />
        ) : (
          live && (
            <p className="empty">
              Nothing is asked. What a policy wants asked (<code>@ask</code>) of a run that you may see shows up here by
              itself.
            </p>
          )
        )}
        {question !== undefined && (
          <QuestionDetail {...{ question, others, answers }} hindrance={hindranceOf(question, session, mayAnswer)} />
        )}
        {question === undefined && missing === undefined && items.length > 0 && (
          <p className="empty question">
            Choose a question: a click, or <kbd>j</kbd> and <kbd>k</kbd>. Then <kbd>y</kbd> is yes, once; <kbd>a</kbd>{" "}
            yes, for its run; <kbd>n</kbd> no; <kbd>u</kbd> takes it back for five seconds.
          </p>
        )}
        {missing !== undefined && <Problem error={missing} />}
      </div>
    </>
  );
}

function hindranceOf(question: QuestionOfServer, { id }: Session, mayAnswer: ReadonlySet<string>): string | undefined {
  if (mayAnswer.has(question.id)) {
    return question.saidYes?.includes(id) === true ? "You have said yes; somebody else has to, too." : undefined;
  }
  if (question.person === id) return "It is your own run that asks: somebody else has to answer.";
  const { role } = question;
  const needed =
    role === undefined || role === "operator" ? "the right answerQuestion for it" : `the role ${role} for it`;
  return `You may see this question, and not answer it: that takes ${needed}. Who gives roles can give you that.`;
}

interface Looked {
  readonly question: QuestionOfServer | undefined;
  readonly error: unknown;
}

/** The question of the address: of the list, as long as it is there; then as the server has it. */
function useQuestion(id: string | undefined, items: readonly QuestionOfServer[]): Looked {
  const [looked, setLooked] = useState<Looked & { readonly id: string }>();
  const listed = items.find((item) => item.id === id);
  const isListed = listed !== undefined;
  useEffect(() => {
    if (id === undefined || isListed) return;
    const ending = new AbortController();
    server.call("showQuestion", { params: { question: id } }, ending).then(
      (question) => {
        setLooked({ id, question, error: undefined });
      },
      (error: unknown) => {
        if (!ending.signal.aborted) setLooked({ id, question: undefined, error });
      },
    );
    return () => {
      ending.abort();
    };
  }, [id, isListed]);
  if (listed !== undefined) return { question: listed, error: undefined };
  return looked?.id === id && looked !== undefined ? looked : { question: undefined, error: undefined };
}

interface QuestionRowsProps {
  readonly items: readonly QuestionOfServer[];
  readonly id: string | undefined;
  readonly answers: Answers;
  readonly onSelect: (question: QuestionOfServer) => void;
}

function QuestionRows({ items, id, answers, onSelect }: QuestionRowsProps): ReactNode {
  const { box, from, to } = useWindow(items.length, ROW_PX);
  const shown = items.slice(from, to);
  return (
    <div
      className="rows questions"
      ref={box}
      role="grid"
      aria-label="Questions"
      aria-rowcount={items.length + 1}
      {...(shown.some((item) => item.id === id) && { "aria-activedescendant": `question-${String(id)}` })}
      tabIndex={0}
    >
      <RowsHead names={["Asked", "Who", "Agent", "What", "State"]} />
      <div role="rowgroup" className="rows-body" style={{ height: items.length * ROW_PX }}>
        {shown.map((item, place) => (
          <div
            key={item.id}
            role="row"
            id={`question-${item.id}`}
            className="row"
            aria-rowindex={from + place + 2}
            aria-selected={item.id === id}
            style={{ transform: `translateY(${String((from + place) * ROW_PX)}px)` }}
            onClick={() => onSelect(item)}
          >
            <span role="gridcell">
              <Time at={item.askedAt} clock />
            </span>
            <span role="gridcell">{`${item.person}@${item.host}`}</span>
            <span role="gridcell">{item.agent}</span>
            <code role="gridcell">{whatOf(item, 200)}</code>
            <span role="gridcell">{stateText(item, answers)}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

function stateText({ id, state, answer, answeredBy = "" }: QuestionOfServer, { pending }: Answers): string {
  const given = pending.get(id);
  if (given !== undefined) return `${ANSWERS[given.answer]} …`;
  return answer === undefined ? state : `${ANSWERS[answer]} (${answeredBy})`;
}
