import { createHash } from "node:crypto";
import { ServerError } from "../../contract/errors.ts";
import { MOST_CHARACTERS, type QuestionOfServer } from "../../contract/questions.ts";
import {
  findQuestion,
  questionOf,
  questionResource,
  questionsOnHosts,
  rightAmong,
  termsOfQuestion,
  type QuestionOnHost,
} from "../access/questions.ts";
import { teamsOf } from "../access/resources.ts";
import type { Caller } from "../identity/callers.ts";
import { answerQuestion as answer } from "../live/answer.ts";
import { QUESTIONS } from "../live/orders.ts";
import { scriptPage } from "../pages/script-page.ts";
import { announceOrder } from "../store/open-store.ts";
import { storable } from "../store/text.ts";
import type { Handlers, Server } from "./handler.ts";
import { notFound } from "./people.ts";
import { askProof, proveBy } from "./proofs.ts";

/** Open questions of one host; more are refused, so that no host fills the queue of all. */
const MOST_OPEN = 200;
const MOST_LISTED = 1_000;

export const questions = {
  askQuestion: async ({ db, now, notifier }, { caller, body }) => {
    const { id, run, agent, project, labels, exec, bound, role, terms, expiresInS, ...asked } = body;
    const about = asked.about === undefined ? "" : JSON.stringify(asked.about);
    if (asked.argv.reduce((sum, word) => sum + word.length + 1, about.length) > MOST_CHARACTERS) {
      throw new ServerError("SERVER_TOO_LARGE", "what is asked about is too long to be read by anybody");
    }
    const at = now();
    const { number } = await db
      .selectFrom("host")
      .select("number")
      .where("id", "=", caller.id)
      .executeTakeFirstOrThrow();
    const { open } = await openOnes(db, at)
      .where("host", "=", number)
      .select((each) => each.fn.countAll<number>().as("open"))
      .executeTakeFirstOrThrow();
    if (Number(open) >= MOST_OPEN) throw new ServerError("SERVER_BUSY", "too many questions of this host are open");
    await db.transaction().execute(async (transaction) => {
      const added = await transaction
        .insertInto("question")
        .values({
          id,
          host: number,
          run,
          agent: storable(agent),
          project: storable(project),
          labels,
          exec,
          bound,
          role: role ?? null,
          asked: storable(JSON.stringify(asked)),
          terms: JSON.stringify(terms),
          asked_at: at,
          expires_at: at + expiresInS * 1000,
        })
        .onConflict((other) => other.doNothing())
        .returning("id")
        .executeTakeFirst();
      // Asked again, it was told already; and whose it is that was there before is not this host's to tell.
      if (added !== undefined) await notifier.enqueue(transaction, id);
      await announceOrder(transaction, QUESTIONS);
    });
    return undefined;
  },

  withdrawQuestion: async ({ db, now }, { caller, params: { question } }) => {
    const { number } = await db
      .selectFrom("host")
      .select("number")
      .where("id", "=", caller.id)
      .executeTakeFirstOrThrow();
    await db.transaction().execute(async (transaction) => {
      await transaction
        .updateTable("question")
        .set({ withdrawn_at: now() })
        .where("id", "=", question)
        .where("host", "=", number)
        .where("withdrawn_at", "is", null)
        .execute();
      await announceOrder(transaction, QUESTIONS);
    });
    return undefined;
  },

  listQuestions: async (server, { caller, query: { state, known, waitMs } }) => {
    const { desk, now } = server;
    return await desk.whenChanged(QUESTIONS, now() + waitMs, async (late) => {
      const visible = await visibleTo(server, caller, state);
      const tag = tagOf(visible.items);
      return tag !== known || late ? { ...visible, tag } : undefined;
    });
  },

  showQuestion: async ({ db, now }, { params: { question } }) => questionOf(await find(db, question), now()),

  questionPage: async () => await scriptPage("A run asks", "question"),

  startAnswer: async (server, { caller, params: { question }, body }) => {
    const { stepUpMinutes = 1_440 } = termsOfQuestion(await find(server.db, question));
    return await askProof(server, caller, { for: "answering", question, ...body }, stepUpMinutes * 60_000);
  },

  answerQuestion: async (server, { caller, params: { question }, body }) => {
    const row = await find(server.db, question);
    const proof = await provenAnswer(server, caller, { question, body });
    return await answer(server, { caller, link: undefined, proof }, { row, body });
  },

  listProposals: async ({ db, now }) => {
    const rows = await db.selectFrom("proposal").selectAll().orderBy("id", "desc").limit(MOST_LISTED).execute();
    const asked = await questionsOnHosts(db)
      .where("question.id", "in", [...new Set(["", ...rows.map(({ question }) => question)])])
      .execute();
    const byId = new Map(asked.map((row) => [row.id, row]));
    const items = rows.flatMap(({ id, reach, why, by, at, question }) => {
      const row = byId.get(question);
      if (row === undefined) return [];
      return [{ id: String(id), reach, ...(why !== null && { why }), by, at, question: questionOf(row, now()) }];
    });
    return { items };
  },
} as const satisfies Partial<Handlers>;

type Db = Server["db"];
type Answering = Parameters<Handlers["answerQuestion"]>[1]["body"];

/** @throws ServerError SERVER_PROOF_REFUSED when what came with the answer was signed for anything else */
async function provenAnswer(
  server: Server,
  caller: Caller,
  { question, body: { proof, bound, answer: given } }: { readonly question: string; readonly body: Answering },
): Promise<{ readonly question: string; readonly credential: string } | undefined> {
  if (proof === undefined) return undefined;
  const about = { for: "answering", question, bound, answer: given } as const;
  return { question, credential: (await proveBy(server, caller, about, proof)).credential };
}

function openOnes(db: Db, at: number) {
  return db
    .selectFrom("question")
    .where("answered_at", "is", null)
    .where("withdrawn_at", "is", null)
    .where("expires_at", ">", at);
}

async function find(db: Db, id: string): Promise<QuestionOnHost> {
  const row = await findQuestion(db, id);
  if (row === undefined) throw notFound(`there is no question \`${id}\``);
  return row;
}

interface Visible {
  readonly items: QuestionOfServer[];
  readonly mayAnswer: string[];
}

async function visibleTo(server: Server, caller: Caller, state: "open" | "all"): Promise<Visible> {
  const { db, authority, now } = server;
  let select = questionsOnHosts(db)
    .orderBy("asked_at", state === "open" ? "asc" : "desc")
    .limit(MOST_LISTED);
  if (state === "open") {
    select = select.where("answered_at", "is", null).where("withdrawn_at", "is", null).where("expires_at", ">", now());
  }
  const rows = await select.execute();
  const teams = await teamsOf(db, [...new Set(rows.map(({ person }) => person))]);
  const grants = await authority.grantsOf(caller);
  const items: QuestionOfServer[] = [];
  const mayAnswer: string[] = [];
  for (const row of rows) {
    const resource = questionResource(row, teams.get(row.person));
    const { allowed } = await authority.decideWith(grants, caller, { action: "viewQuestion", resource });
    if (!allowed) continue;
    const item = questionOf(row, now());
    items.push(item);
    if (item.state !== "open") continue;
    if ((await rightAmong(authority, caller, { row, resource, all: grants })) !== undefined) mayAnswer.push(row.id);
  }
  return { items, mayAnswer };
}

function tagOf(items: readonly QuestionOfServer[]): string {
  const text = items.map(({ id, state, saidYes = [] }) => `${id} ${state} ${saidYes.join(",")}`).join("\n");
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
