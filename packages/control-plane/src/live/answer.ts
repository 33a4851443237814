/** Who may answer a question, and what becomes of it when they do. Every way to answer ends here: the API, a link. */
import { ServerError } from "../../contract/errors.ts";
import { breakGlassOf } from "../access/break-glass.ts";
import {
  questionOf,
  questionsOnHosts,
  rightToAnswer,
  termsOfQuestion,
  type QuestionOnHost,
} from "../access/questions.ts";
import type { Caller } from "../identity/callers.ts";
import type { Handlers, Server } from "../routes/handler.ts";
import { conflict } from "../routes/people.ts";
import { announceOrder } from "../store/open-store.ts";
import type { Database } from "../store/tables.ts";
import { QUESTIONS } from "./orders.ts";

type Body = Parameters<Handlers["answerQuestion"]>[1]["body"];
type Answered = Awaited<ReturnType<Handlers["answerQuestion"]>>;

/** Whoever answers, and the link by which, when it is by one. */
export interface Answerer {
  readonly caller: Caller;
  readonly link: string | undefined;
  /** The passkey that signed this answer to this question, and to no other. */
  readonly proof: { readonly question: string; readonly credential: string } | undefined;
}

const MOST_AT_ONCE = 1_000;
const LOOK = "see what is open: `bailiwick approvals list`";

/**
 * Answers a question, and those that are the same where that is asked for. In the server's log before any run goes on. The one that was meant has to be
 * open; of the others those that are.
 * @throws ServerError SERVER_CONFLICT, SERVER_FORBIDDEN
 */
export async function answerQuestion(
  server: Server,
  by: Answerer,
  { row, body }: { readonly row: QuestionOnHost; readonly body: Body },
): Promise<Answered> {
  if (row.bound !== body.bound) {
    throw conflict("the answer is for something else than the question is about", "look at the question again");
  }
  const looked = await look(server, by, { row, answer: body.answer });
  if ("why" in looked) {
    const { code = "SERVER_FORBIDDEN", why, remedy } = looked;
    await server.journal.note({ type: "answer.refused", question: row.id, ...whoOf(by), why });
    throw new ServerError(code, why, { remedy });
  }
  requireOpen(row, server.now());
  // All who answer several lock them in one order, so that none waits for another in a circle.
  const rights = [looked, ...(body.same ? await sameAs(server, by, { row, answer: body.answer }) : [])].sort((a, b) =>
    a.row.id < b.row.id ? -1 : 1,
  );
  const marked = await breakGlassOf(server, by.caller);
  for (const { row: each } of rights) {
    const { id, run, bound } = each;
    const { approvals } = termsOfQuestion(each);
    const needs = approvals > 1 && body.answer !== "no" ? { needs: approvals } : {};
    await server.journal.note({
      type: "question.answered",
      ...{ question: id, run, bound, answer: body.answer, ...whoOf(by), ...needs, ...marked, ...credentialFor(by, id) },
    });
  }
  return await server.db
    .transaction()
    .execute((transaction) => keep(server, transaction, { by, rights, meant: row, body }));
}

interface Refusal {
  readonly code?: "SERVER_PROOF_NEEDED";
  readonly why: string;
  readonly remedy: string;
}

/** A question that somebody may answer, and by whose right. */
interface Right {
  readonly row: QuestionOnHost;
  readonly rightOf: string;
}

interface Wanted {
  readonly row: QuestionOnHost;
  readonly answer: Body["answer"];
}

async function look(server: Server, by: Answerer, { row, answer }: Wanted): Promise<Right | Refusal> {
  const { caller, link, proof } = by;
  const { links, stepUpMinutes, approvals } = termsOfQuestion(row);
  const rightOf = await rightToAnswer(server, caller, row);
  if (rightOf === undefined) {
    const why = `the policy asks for \`${row.role ?? ""}\`, which the caller is not for this run`;
    return { why, remedy: "leave it to somebody who has the role of that name" };
  }
  if (link !== undefined && !links) {
    return { why: "the policy that asks forbids answers by a link", remedy: "answer with `bailiwick approvals`" };
  }
  // A no lets nothing happen. A yes to one question is none to another, also where that asks the same.
  if (stepUpMinutes !== undefined && answer !== "no" && proof?.question !== row.id) return wantsPasskey(server, row);
  if (approvals > 1 && caller.person === undefined) {
    return { why: "the policy wants several people's yes, and a service is nobody", remedy: "leave it to people" };
  }
  return { row, rightOf };
}

function wantsPasskey({ sessions: { origin } }: Server, { id }: QuestionOnHost): Refusal {
  const why = "the policy that asks wants a yes to be signed by a passkey of who says it";
  const remedy =
    origin === undefined
      ? "say no; or have its operator set `public-url`, without which there are no passkeys"
      : `answer in a browser: ${origin}/questions/${id}`;
  return { code: "SERVER_PROOF_NEEDED", why, remedy };
}

function credentialFor({ proof }: Answerer, question: string): { readonly credential?: string } {
  return proof?.question === question ? { credential: proof.credential } : {};
}

async function sameAs(server: Server, by: Answerer, { row: like, answer }: Wanted): Promise<Right[]> {
  const rows = await questionsOnHosts(server.db)
    .where("bound", "=", like.bound)
    .where("question.id", "!=", like.id)
    .where("answered_at", "is", null)
    .where("withdrawn_at", "is", null)
    .where("expires_at", ">", server.now())
    .limit(MOST_AT_ONCE)
    .execute();
  const permitted: Right[] = [];
  for (const row of rows) {
    const looked = await look(server, by, { row, answer });
    if ("rightOf" in looked) permitted.push(looked);
  }
  return permitted;
}

interface Answering {
  readonly by: Answerer;
  readonly rights: readonly Right[];
  readonly meant: QuestionOnHost;
  readonly body: Body;
}

async function keep(server: Server, transaction: Database, { by, rights, meant, body }: Answering): Promise<Answered> {
  const at = server.now();
  const answered: string[] = [];
  const waiting: NonNullable<Answered["waiting"]> = [];
  for (const { row, rightOf } of rights) {
    const open = await lockOpen(transaction, row.id, at);
    if (!open && row === meant) throw conflict("the question was answered meanwhile, or is over", LOOK);
    if (!open) continue;
    const { approvals } = termsOfQuestion(row);
    const final =
      approvals === 1 || body.answer === "no"
        ? { answer: body.answer, by: by.caller.id }
        : await vote(transaction, row, {
            ...{ person: by.caller.id, rightOf, answer: body.answer, at },
            mustBeNew: row === meant,
          });
    if ("has" in final) waiting.push({ question: row.id, has: final.has, needs: approvals });
    else {
      await transaction
        .updateTable("question")
        .set({ answer: final.answer, answered_by: final.by, answered_at: at, why: body.why ?? null })
        .where("id", "=", row.id)
        .execute();
      answered.push(row.id);
      await announceOrder(transaction, row.run);
    }
  }
  if (body.propose !== undefined) {
    const { propose: reach, why = null } = body;
    await transaction.insertInto("proposal").values({ question: meant.id, reach, why, by: by.caller.id, at }).execute();
  }
  await announceOrder(transaction, QUESTIONS);
  return { answered, ...(waiting.length > 0 && { waiting }) };
}

/** Of two answers at once the second sees what the first made of it. */
async function lockOpen(transaction: Database, id: string, at: number): Promise<boolean> {
  const row = await transaction
    .selectFrom("question")
    .select(["answered_at", "withdrawn_at", "expires_at"])
    .where("id", "=", id)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return row.answered_at === null && row.withdrawn_at === null && row.expires_at > at;
}

interface Vote {
  readonly person: string;
  readonly rightOf: string;
  readonly answer: "once" | "run";
  readonly at: number;
  readonly mustBeNew: boolean;
}

/** One of several yeses, each by another person and by the right of another; what they come to once there are enough, of which the narrowest counts. */
async function vote(
  transaction: Database,
  row: QuestionOnHost,
  { person, rightOf, answer, at, mustBeNew }: Vote,
): Promise<{ readonly has: number } | { readonly answer: "once" | "run"; readonly by: string }> {
  const { numInsertedOrUpdatedRows: added } = await transaction
    .insertInto("question_vote")
    .values({ question: row.id, person, answer, at, right_of: rightOf })
    .onConflict((conflicting) => conflicting.doNothing())
    .executeTakeFirstOrThrow();
  if (added !== 1n && mustBeNew) {
    throw conflict("you, or whose right you use, said yes to it already", "somebody else has to, too");
  }
  const votes = await transaction
    .selectFrom("question_vote")
    .select(["person", "answer"])
    .where("question", "=", row.id)
    .orderBy("at")
    .execute();
  if (votes.length < termsOfQuestion(row).approvals) return { has: votes.length };
  const narrowest = votes.every((each) => each.answer === "run") ? "run" : "once";
  return { answer: narrowest, by: votes.map((each) => each.person).join(", ") };
}

function whoOf({ caller, link }: Answerer): { readonly by: string; readonly link?: string } {
  return { by: caller.id, ...(link !== undefined && { link }) };
}

/** @throws ServerError SERVER_CONFLICT */
function requireOpen(row: QuestionOnHost, at: number): void {
  const { state, answeredBy } = questionOf(row, at);
  if (state === "open") return;
  const why = state === "answered" ? `was answered by ${answeredBy ?? ""}` : `is over (${state})`;
  throw conflict(`the question ${why}`, LOOK);
}
