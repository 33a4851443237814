/** What is told of a question that people are asked. */
import { askedHostRows, formatCommand } from "@bailiwick/base";
import type { QuestionOfServer } from "../../contract/questions.ts";
import type { NotifyConfig } from "./config.ts";
import { cut, type Addressee, type Told } from "./message.ts";

interface Asked {
  readonly question: QuestionOfServer;
  /** Whom it is for, with the link by which they answer. */
  readonly to: Addressee | undefined;
  readonly link: string | undefined;
}

/** Slack cuts a text after 3,000 characters; who opens the question sees all of it. */
const MOST_SHOWN = 1_500;

export function questionTold(asked: Asked, detail: NotifyConfig["detail"]): Told {
  const { question, to, link } = asked;
  const { id, person, host, agent, project, about, argv, reason, terms, expiresAt } = question;
  const until = `until ${new Date(expiresAt).toISOString()}`;
  const command = link === undefined ? [`bailiwick approvals show ${id}`] : [];
  const form = { type: "question.asked", to, link };
  const whom = { ...(to && { to }), ...(link !== undefined && { link }) };
  if (detail === "none") {
    const data = { question: { id, expiresAt }, ...whom };
    return { ...form, data, title: "A question waits for an answer", lines: [until, ...command] };
  }
  return {
    ...form,
    data: { question, ...whom },
    title: `${agent} of ${person}@${host} asks, in ${project}:`,
    lines: [
      ...(about === undefined ? [formatCommand(argv, MOST_SHOWN)] : askedHostRows(about).map(([, text]) => cut(text))),
      cut(reason),
      ...(terms.classes.length === 0 ? [] : [`about: ${terms.classes.join(", ")}`]),
      until,
      ...command,
    ],
  };
}
