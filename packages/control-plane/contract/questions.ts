/** What runs ask people, and what they are answered. */
import { z } from "zod";
import { assertion } from "./passkey-routes.ts";
import { id, labels, runId } from "./schemas.ts";

const time = z.number().nonnegative();
export const questionId = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const text = z.string().max(20_000);

/** Longer is never asked about: nobody could judge it. In UTF-16 units, of all arguments and of what would go to a host. */
export const MOST_CHARACTERS = 16 * 1024;
/** How long a question waits at most. */
export const LONGEST_QUESTION_S = 3_600;

/** What would go to a host. */
const about = z.object({
  host: text,
  port: z.int().min(1).max(65_535),
  /** Absent: the connection itself is asked about. */
  request: z
    .object({
      connection: z.int(),
      method: text,
      /** As written. */
      path: text,
      /** Names without their values. */
      query: z.array(text).max(5_000),
      /** As declared; -1 when it is not. */
      sizeBytes: z.int().min(-1),
      contentType: text,
      credential: text.optional(),
    })
    .optional(),
  leaks: z
    .array(z.object({ kind: text, what: text, sample: text }))
    .max(1_000)
    .optional(),
});

/** What people are shown. */
const asked = {
  /** Absent: the command is asked about. Else the command, as far as it is known, is that of the process that connected. */
  about: about.optional(),
  argv: z.array(text).max(5_000),
  cwd: text,
  /** Path and digest of every file that would run, in the kernel's order. */
  files: z.array(z.object({ path: text, digest })).max(50),
  reason: text,
  instead: text.optional(),
  policies: z.array(text).max(100),
  policyDigest: digest,
};

/** How it is answered, as the policy that asks says. */
export const askTerms = z.strictObject({
  /** What it is about; nothing known when there is none. Said by the host, as all of a question. */
  classes: z.array(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/)).max(20),
  links: z.boolean(),
  /** So many different people. */
  approvals: z.int().min(1).max(9),
  stepUpMinutes: z.int().min(1).max(1_440).optional(),
  risk: z.enum(["low", "medium", "high"]).default("high"),
});
/** Of a question that came without: from a host of an older version, whose policies could not say any. */
export const PLAIN_TERMS: z.output<typeof askTerms> = { classes: [], links: true, approvals: 1, risk: "high" };

export const ask = z.strictObject({
  id: questionId,
  run: runId,
  agent: z.string().max(400),
  project: z.string().max(400),
  labels: labels.default([]),
  /** 0 where the process that connected is not known. */
  exec: z.int().nonnegative(),
  bound: digest,
  /** Of `@ask("role")`; the role of this name is needed for an answer. */
  role: z.string().max(200).optional(),
  terms: askTerms.default(PLAIN_TERMS),
  ...asked,
  expiresInS: z.int().min(1).max(LONGEST_QUESTION_S),
});

export const question = z.object({
  id: questionId,
  host: id,
  person: id,
  run: runId,
  agent: z.string(),
  project: z.string(),
  labels: z.array(z.string()),
  exec: z.int(),
  bound: digest,
  role: z.string().optional(),
  terms: askTerms,
  /** Who said yes so far, where more than one have to. */
  saidYes: z.array(z.string()).optional(),
  ...asked,
  askedAt: time,
  expiresAt: time,
  state: z.enum(["open", "answered", "withdrawn", "expired"]),
  answer: z.enum(["once", "run", "no"]).optional(),
  answeredBy: z.string().optional(),
  answeredAt: time.optional(),
  why: z.string().optional(),
});
export const answerQuestion = z.strictObject({
  answer: z.enum(["once", "run", "no"]),
  /** Of the question as it was shown: an answer is for that and nothing else. */
  bound: digest,
  why: z.string().trim().min(1).max(500).optional(),
  /** For every other open question with the same binding, too, as far as the caller may answer it. */
  same: z.boolean().default(false),
  /** Keeps a proposal that policy permit this, here or everywhere. It permits nothing. */
  propose: z.enum(["project", "always"]).optional(),
  /** What a passkey signed for this very yes (`startAnswer`): where the policy wants that (`stepUpMinutes`) there is no yes without it. */
  proof: assertion.optional(),
});
/** Of the yes that a passkey is to sign for. */
export const startAnswer = z.strictObject({ answer: z.enum(["once", "run"]), bound: digest });
export const answeredQuestions = z.object({
  answered: z.array(questionId),
  /** Of these the answer was kept, and others have to say yes too. */
  waiting: z.array(z.object({ question: questionId, has: z.int(), needs: z.int() })).optional(),
});
export const questionsPage = z.object({
  state: z.enum(["open", "all"]).default("open"),
  /** `tag` of an earlier answer: waits until the list is another. */
  known: z.string().max(64).optional(),
  waitMs: z.coerce.number().int().min(0).max(20_000).default(0),
});
export const questions = z.object({
  items: z.array(question),
  tag: z.string(),
  /** Of those that are open, which the caller has the right to answer; how they have to is in their terms. */
  mayAnswer: z.array(questionId),
});

export const proposal = z.object({
  id: z.string(),
  reach: z.enum(["project", "always"]),
  why: z.string().optional(),
  by: z.string(),
  at: time,
  question,
});

/** An answer as hosts are told it. */
export const givenAnswer = z.object({
  question: questionId,
  answer: z.enum(["once", "run", "no"]),
  by: z.string(),
  bound: digest,
});

export type Ask = z.input<typeof ask>;
export type AskTerms = z.output<typeof askTerms>;
export type QuestionOfServer = z.infer<typeof question>;
export type GivenAnswer = z.infer<typeof givenAnswer>;
