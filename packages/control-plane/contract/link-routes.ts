/** The page that a one-time link opens, and its one button. A part of the one table. */
import { z } from "zod";
import { question } from "./questions.ts";
import type { Route } from "./route.ts";

const secret = z.string().regex(/^bwl_[A-Za-z0-9_-]{43}$/);

export const LINK_ROUTES = {
  showLink: {
    method: "get",
    path: "/answer/{secret}",
    what: "The page of a one-time link: all of the question. Looking at it answers nothing: programs look at links before people do.",
    needs: { open: "it carries a one-time link" },
    params: z.object({ secret }),
    answer: "page",
  },
  answerLink: {
    method: "post",
    path: "/answer/{secret}",
    what: "Answers the question of a one-time link, as the person whom the link is for.",
    needs: { open: "it carries a one-time link" },
    params: z.object({ secret }),
    body: z.strictObject({
      answer: z.enum(["once", "run", "no"]),
      bound: question.shape.bound,
      why: z.string().trim().max(500).optional(),
    }),
    form: true,
    answer: "page",
  },
} as const satisfies Record<string, Route>;
