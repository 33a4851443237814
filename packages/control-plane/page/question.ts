/** One question, whole, and the buttons that answer it: a yes is signed by a passkey where the policy wants that. */
import { escapeControls } from "@bailiwick/base";
import { questionRows } from "../contract/question-rows.ts";
import type { QuestionOfServer } from "../contract/questions.ts";
import type { AnswerOf } from "../contract/routes.ts";
import { button, made, say, show, timeOf } from "./dom.ts";
import { server, sign } from "./server.ts";

type Answer = "once" | "run" | "no";

const LABELS = { no: "No", once: "Yes, once", run: "Yes, for this run" } as const satisfies Record<Answer, string>;

/** How whoever looks may answer. */
export interface Answering {
  readonly answers: readonly Answer[];
  readonly note: readonly (Node | string)[];
  readonly give: (answer: Answer, why: string) => Promise<void>;
}

/** @param person who is signed in */
export async function questionPage(person: string): Promise<void> {
  const id = location.pathname.split("/").at(-1) ?? "";
  const question = await server.call("showQuestion", { params: { question: id } });
  showQuestion(question, person, {
    answers: ["no", "once", "run"],
    note: question.terms.stepUpMinutes === undefined ? [] : ["Your passkey signs a yes."],
    give: async (answer, why) => {
      const answered = await send(question, { answer, why });
      await questionPage(person);
      say(made("p", {}, saidText(answer, answered)));
    },
  });
}

/** @param answering undefined: it is only shown */
export function showQuestion(question: QuestionOfServer, person: string, answering?: Answering): void {
  const rows = [...questionRows(question), ["bound to", question.bound] as const].flatMap(([label, text]) => [
    made("dt", {}, label),
    made("dd", {}, made("code", {}, escapeControls(text))),
  ]);
  const { state, saidYes = [], terms } = question;
  const isTheirs = state === "open" && !saidYes.includes(person) && answering !== undefined;
  const rest = isTheirs
    ? buttonsOf(question, person, answering)
    : [made("p", {}, standingOf(question, terms.approvals))];
  show(made("dl", {}, ...rows), ...rest);
}

function buttonsOf(question: QuestionOfServer, person: string, { answers, note, give }: Answering): HTMLElement[] {
  const why = made("input", { id: "why", maxlength: "500", size: "60" });
  const { approvals } = question.terms;
  return [
    made("p", {}, "Until ", timeOf(question.expiresAt), "."),
    ...(approvals > 1 ? [made("p", {}, `${String(approvals)} people have to say yes.`)] : []),
    made("p", {}, made("label", { for: "why" }, "Why (for the log): "), why),
    made("p", {}, `You answer as ${person}. `, ...note),
    ...answers.map((answer) => button(LABELS[answer], () => give(answer, why.value.trim()))),
  ];
}

async function send(question: QuestionOfServer, { answer, why }: { readonly answer: Answer; readonly why: string }) {
  const { id, bound, terms } = question;
  const params = { question: id };
  const said = { answer, bound, ...(why !== "" && { why }) };
  if (answer === "no" || terms.stepUpMinutes === undefined) {
    return await server.call("answerQuestion", { params, body: said });
  }
  say("Your passkey signs this answer to this question.");
  const proof = await sign(await server.call("startAnswer", { params, body: { answer, bound } }));
  return await server.call("answerQuestion", { params, body: { ...said, proof } });
}

export function saidText(answer: Answer, { waiting = [] }: Pick<AnswerOf<"answerQuestion">, "waiting"> = {}): string {
  const [left] = waiting;
  const said = answer === "no" ? "You said no." : `You said yes${answer === "run" ? ", for this run" : ", once"}.`;
  return left === undefined ? said : `${said} ${String(left.has)} of ${String(left.needs)} people have.`;
}

function standingOf({ state, answer, answeredBy }: QuestionOfServer, approvals: number): string {
  if (state === "answered") return `Answered by ${answeredBy ?? ""}: ${answer === "no" ? "no" : "yes"}.`;
  return state === "open" ? `You have said yes; ${String(approvals)} people have to.` : `Over (${state}).`;
}
