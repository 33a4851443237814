/** Routes by which runs ask people and are answered. A part of the one table. */
import { z } from "zod";
import {
  answeredQuestions,
  answerQuestion,
  ask,
  proposal,
  question,
  questionId,
  questions,
  questionsPage,
  startAnswer,
} from "./questions.ts";
import { options } from "./passkey-routes.ts";
import { by, done, list, type Route } from "./route.ts";
import { id } from "./schemas.ts";

export const QUESTION_ROUTES = {
  askQuestion: {
    method: "post",
    path: "/api/v1/hosts/{host}/questions",
    what: "Asks people what a policy wants asked; asking the same again does nothing.",
    needs: { action: "askQuestion", resource: by("Host", "host") },
    params: z.object({ host: id }),
    body: ask,
    answer: done,
  },
  withdrawQuestion: {
    method: "post",
    path: "/api/v1/hosts/{host}/questions/{question}/withdraw",
    what: "Asks no more: it was answered at the terminal, or whoever asked is gone.",
    needs: { action: "askQuestion", resource: by("Host", "host") },
    params: z.object({ host: id, question: questionId }),
    answer: done,
  },
  listQuestions: {
    method: "get",
    path: "/api/v1/questions",
    what: "Questions, oldest first; waits for another list where that is asked for.",
    needs: { action: "viewQuestion", resource: "each" },
    query: questionsPage,
    answer: questions,
  },
  showQuestion: {
    method: "get",
    path: "/api/v1/questions/{question}",
    what: "One question.",
    needs: { action: "viewQuestion", resource: { question: "question" } },
    params: z.object({ question: questionId }),
    answer: question,
  },
  answerQuestion: {
    method: "post",
    path: "/api/v1/questions/{question}/answer",
    what: "Answers a question, once; and others that are the same where that is asked for.",
    needs: { action: "answerQuestion", resource: { question: "question" } },
    params: z.object({ question: questionId }),
    body: answerQuestion,
    answer: answeredQuestions,
  },
  startAnswer: {
    method: "post",
    path: "/api/v1/questions/{question}/proof",
    what: "Asks the browser of the caller to have one of their passkeys sign a yes to this question.",
    needs: { action: "answerQuestion", resource: { question: "question" } },
    params: z.object({ question: questionId }),
    body: startAnswer,
    answer: options,
  },
  questionPage: {
    method: "get",
    path: "/questions/{question}",
    what: "The page where who is signed in answers a question, by a passkey where the policy wants that.",
    needs: { open: "it is the same for everybody: what it shows it asks for" },
    params: z.object({ question: questionId }),
    answer: "page",
    script: true,
  },
  listProposals: {
    method: "get",
    path: "/api/v1/proposals",
    what: "What people who answered want to be policy, newest first.",
    needs: { action: "viewProposal", resource: "company" },
    answer: list(proposal),
  },
} as const satisfies Record<string, Route>;
