/** The page that a one-time link opens, and what it asks and answers. A part of the one table. */
import { z } from "zod";
import { question } from "./questions.ts";
import type { Route } from "./route.ts";

const secret = z.string().regex(/^bwl_[A-Za-z0-9_-]{43}$/, "is no one-time link");
const answer = z.object({ person: z.string(), question });

export const LINK_ROUTES = {
  linkPage: {
    method: "get",
    path: "/answer",
    what: "The page of a one-time link, whose secret is behind the `#` of the address, which no browser sends.",
    needs: { open: "it is the same for everybody: the link itself stays in the browser" },
    answer: "page",
    script: true,
  },
  showLink: {
    method: "post",
    path: "/api/v1/links/show",
    what: "All of the question of a one-time link, and whom the link is for. It answers nothing.",
    needs: { open: "it carries a one-time link" },
    body: z.strictObject({ secret }),
    answer,
  },
  answerLink: {
    method: "post",
    path: "/api/v1/links/answer",
    what: "Answers the question of a one-time link, as the person whom the link is for.",
    needs: { open: "it carries a one-time link" },
    body: z.strictObject({
      secret,
      answer: z.enum(["once", "run", "no"]),
      bound: question.shape.bound,
      why: z.string().trim().max(500).optional(),
    }),
    answer,
  },
} as const satisfies Record<string, Route>;
