import type { Grant } from "@bailiwick/policy";
import { sql } from "kysely";
import {
  askTerms,
  PLAIN_TERMS,
  question as questionForm,
  type AskTerms,
  type QuestionOfServer,
} from "../../contract/questions.ts";
import type { Database, QuestionRow } from "../store/tables.ts";
import type { Authority, Subject } from "./authority.ts";
import { teamsOf, runResource, type Resource } from "./resources.ts";

export type QuestionOnHost = QuestionRow & {
  readonly host_id: string;
  readonly person: string;
  /** Who said yes so far, where more than one have to. */
  readonly said_yes: string[] | null;
};

export function questionsOnHosts(db: Database) {
  return db
    .selectFrom("question")
    .innerJoin("host", "host.number", "question.host")
    .selectAll("question")
    .select(["host.id as host_id", "host.person"])
    .select(
      sql<string[] | null>`(select array_agg(vote.person order by vote.at, vote.person) from question_vote vote
        where vote.question = question.id)`.as("said_yes"),
    );
}

export function termsOfQuestion({ terms }: Pick<QuestionRow, "terms">): AskTerms {
  return terms === null ? PLAIN_TERMS : askTerms.parse(JSON.parse(terms));
}

/** The run that asks. What the host says of it: its first events may be on their way still. */
export function questionResource(row: QuestionOnHost, teams: readonly string[] | undefined): Resource {
  const { classes, risk } = termsOfQuestion(row);
  return { ...runResource({ ...row, id: row.run }, teams), asked: { classes, risk } };
}

export async function findQuestion(db: Database, id: string): Promise<QuestionOnHost | undefined> {
  return await questionsOnHosts(db).where("question.id", "=", id).executeTakeFirst();
}

export async function resourceOfQuestion(db: Database, row: QuestionOnHost): Promise<Resource> {
  return questionResource(row, (await teamsOf(db, [row.person])).get(row.person));
}

export async function findQuestionResource(db: Database, id: string): Promise<Resource> {
  const row = await findQuestion(db, id);
  if (row !== undefined) return await resourceOfQuestion(db, row);
  return { type: "Run", id, within: [{ type: "Company", id: "company" }], owner: undefined, exists: false };
}

/** Whether somebody has the right and the role; how a question has to be answered is another matter. */
export async function mayAnswer(...asked: Parameters<typeof rightToAnswer>): Promise<boolean> {
  return (await rightToAnswer(...asked)) !== undefined;
}

/** @returns whose right it is: the person's own if they have one, else of who handed it on to them; undefined: there is none */
export async function rightToAnswer(
  { db, authority }: { readonly db: Database; readonly authority: Authority },
  subject: Subject,
  row: QuestionOnHost,
): Promise<string | undefined> {
  const resource = await resourceOfQuestion(db, row);
  return await rightAmong(authority, subject, { row, resource, all: await authority.grantsOf(subject) });
}

interface Among {
  readonly row: QuestionOnHost;
  /** What {@link questionResource} makes of it. */
  readonly resource: Resource;
  /** The subject's grants. */
  readonly all: readonly Grant[];
}

/** The same where all that is asked about together was read together. */
export async function rightAmong(
  authority: Authority,
  subject: Subject,
  { row, resource, all }: Among,
): Promise<string | undefined> {
  // A policy that asks a role is answered by that role alone, whatever else permits answering. `operator` is who started the run, at its terminal.
  const grants =
    row.role === null || row.role === "operator" ? all : all.filter(({ roleName }) => roleName === row.role);
  const { allowed, policies } = await authority.decideWith(grants, subject, { action: "answerQuestion", resource });
  if (!allowed) return undefined;
  const by = grants.filter(({ id }) => policies.includes(`grant.${id}`) || policies.includes(`grant.${id}.own`));
  const own = by.find(({ handedOnBy }) => handedOnBy === undefined);
  return own === undefined ? by.at(0)?.handedOnBy : subject.id;
}

export function questionOf(row: QuestionOnHost, at: number): QuestionOfServer {
  const asked: unknown = JSON.parse(row.asked);
  const { id, host_id, person, run, agent, project, labels, exec, bound, role, answer: given } = row;
  return questionForm.parse({
    ...(typeof asked === "object" ? asked : {}),
    ...{ id, host: host_id, person, run, agent, project, labels, exec, bound },
    ...(role !== null && { role }),
    terms: termsOfQuestion(row),
    ...(row.said_yes !== null && { saidYes: row.said_yes }),
    askedAt: row.asked_at,
    expiresAt: row.expires_at,
    state: stateOf(row, at),
    ...(given !== null && { answer: given }),
    ...(row.answered_by !== null && { answeredBy: row.answered_by }),
    ...(row.answered_at !== null && { answeredAt: row.answered_at }),
    ...(row.why !== null && { why: row.why }),
  });
}

function stateOf(row: QuestionOnHost, at: number): QuestionOfServer["state"] {
  if (row.answered_at !== null) return "answered";
  if (row.withdrawn_at !== null) return "withdrawn";
  return row.expires_at <= at ? "expired" : "open";
}
