/**
 * Answers that a person has given, and can still take back: each is sent five seconds later, and never when the page is gone by then. What is
 * empty when: `pending` without answers that wait, `outcomes` without any that the server has said something of.
 */
import { useEffect, useMemo, useRef, useState } from "react";
import { formatAskedHost, formatCommand } from "@bailiwick/base";
import type { InputOf, QuestionOfServer } from "@bailiwick/control-plane/contract";
import { addNotice } from "../notices.tsx";
import { server } from "../server.ts";

export type Answer = InputOf<"answerQuestion">["body"]["answer"];
export type Propose = NonNullable<InputOf<"answerQuestion">["body"]["propose"]>;
export const TAKE_BACK_MS = 5_000;

export interface Given {
  readonly question: QuestionOfServer;
  readonly answer: Answer;
  readonly why: string;
  /** Also to all others that ask the same. */
  readonly same: boolean;
  /** With a yes: for whoever writes policies, that they permit this, in this project or everywhere. */
  readonly propose: Propose | undefined;
}

export type Outcome = { readonly said: string } | { readonly error: unknown };

export interface Answers {
  readonly pending: ReadonlyMap<string, Given>;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly give: (given: Given) => void;
  /** @param id undefined: the one that was given last */
  readonly takeBack: (id?: string) => void;
}

interface Waiting extends Given {
  readonly timer: number;
}

export function useAnswers(): Answers {
  const waiting = useRef(new Map<string, Waiting>());
  const [pending, setPending] = useState<Answers["pending"]>(new Map());
  const [outcomes, setOutcomes] = useState<Answers["outcomes"]>(new Map());
  const acts = useMemo(() => {
    const show = (): void => {
      setPending(new Map(waiting.current));
    };
    const conclude = (id: string, outcome: Outcome): void => {
      setOutcomes((before) => new Map(before).set(id, outcome));
    };
    const give = (given: Given): void => {
      const { id } = given.question;
      if (waiting.current.has(id)) return;
      const timer = window.setTimeout(() => {
        waiting.current.delete(id);
        show();
        send(given).then(
          (said) => {
            conclude(id, { said });
          },
          (error: unknown) => {
            conclude(id, { error });
          },
        );
      }, TAKE_BACK_MS);
      waiting.current.set(id, { ...given, timer });
      show();
    };
    const takeBack = (id = [...waiting.current.keys()].at(-1)): void => {
      if (id === undefined) return;
      window.clearTimeout(waiting.current.get(id)?.timer);
      waiting.current.delete(id);
      show();
    };
    return { give, takeBack };
  }, []);
  useEffect(
    () =>
      dropWhenGone(waiting.current, () => {
        setPending(new Map());
      }),
    [],
  );
  return { pending, outcomes, ...acts };
}

/** A page that is left sends nothing any more, not even when the browser brings it back; and the person is told so. */
function dropWhenGone(waiting: Map<string, Waiting>, show: () => void): () => void {
  const drop = (): void => {
    for (const { timer, ...given } of waiting.values()) {
      window.clearTimeout(timer);
      addNotice(`Not sent, because the page was left within five seconds: ${answerText(given)}`);
    }
    waiting.clear();
  };
  const ask = (event: BeforeUnloadEvent): void => {
    if (waiting.size > 0) event.preventDefault();
  };
  const leave = (): void => {
    drop();
    show();
  };
  window.addEventListener("beforeunload", ask);
  window.addEventListener("pagehide", leave);
  return () => {
    window.removeEventListener("beforeunload", ask);
    window.removeEventListener("pagehide", leave);
    drop();
  };
}

async function send({ question, answer, why, same, propose }: Given): Promise<string> {
  const { answered, waiting = [] } = await server.call("answerQuestion", {
    params: { question: question.id },
    body: {
      ...{ answer, bound: question.bound, same },
      ...(why.trim() !== "" && { why: why.trim() }),
      ...(answer !== "no" && propose !== undefined && { propose }),
    },
  });
  const [more] = waiting;
  if (more !== undefined) {
    return `Kept: ${String(more.has)} of ${String(more.needs)} people have said yes; somebody else has to, too.`;
  }
  return `Sent: ${ANSWERS[answer]}${answered.length > 1 ? `, to ${String(answered.length)} questions` : ""}.`;
}

export const ANSWERS: Readonly<Record<Answer, string>> = { once: "yes, once", run: "yes, for this run", no: "no" };

export function answerText({ question, answer }: Pick<Given, "question" | "answer">): string {
  return `“${ANSWERS[answer]}” to ${whatOf(question, 120)}`;
}

/** In one line, no longer than so many characters. */
export function whatOf({ about, argv }: QuestionOfServer, characters: number): string {
  if (about === undefined) return formatCommand(argv, characters);
  const line = formatAskedHost(about);
  return line.length > characters ? `${line.slice(0, characters)}…` : line;
}
