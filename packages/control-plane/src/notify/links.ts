/** One-time links: each answers one question as one person, within what that person may at that moment. */
import { ServerError } from "../../contract/errors.ts";
import { findQuestion, type QuestionOnHost } from "../access/questions.ts";
import type { Caller } from "../identity/callers.ts";
import { hashSecret, makeSecret } from "../identity/secrets.ts";
import type { Database } from "../store/tables.ts";

export interface NewLink {
  readonly id: string;
  readonly url: string;
}

/** @param base of the server, as those see it who get the link */
export async function makeLink(
  db: Database,
  { question, person, base, now }: { question: string; person: string; base: URL; now: number },
): Promise<NewLink> {
  const { id, secret, hash } = makeSecret("link");
  await db.insertInto("link").values({ id, hash, question, person, made_at: now, used_at: null }).execute();
  // Behind the `#`: no browser, preview or scanner sends that to anybody, and no log of a proxy has it.
  return { id, url: new URL(`answer#${secret}`, base.href.endsWith("/") ? base : `${base.href}/`).href };
}

export interface OpenedLink {
  readonly id: string;
  readonly row: QuestionOnHost;
  /** The person whom it is for, with no more rights than the link is made for. */
  readonly caller: Caller;
}

/** @throws ServerError SERVER_TOKEN_INVALID; it says the same of what never was, was used, or is over */
export async function openLink(db: Database, secret: string, now: number): Promise<OpenedLink> {
  const link = await db
    .selectFrom("link")
    .innerJoin("person", "person.id", "link.person")
    .select(["link.id", "question", "person", "used_at", "active"])
    .where("hash", "=", hashSecret(secret))
    .executeTakeFirst();
  const row = link === undefined ? undefined : await findQuestion(db, link.question);
  if (link === undefined || row === undefined || link.used_at !== null || !link.active || row.expires_at <= now) {
    throw new ServerError("SERVER_TOKEN_INVALID", "this link was used, is over, or never was one", {
      remedy: "see what is open: `bailiwick approvals list`",
    });
  }
  const { id, person } = link;
  return {
    id,
    row,
    caller: { type: "Person", id: person, person, by: id, limitedTo: ["viewQuestion", "answerQuestion"] },
  };
}

/** Those that were made for the same person and question are used with it: a message that was sent twice is one. */
export async function useLinks(db: Database, { row, caller }: OpenedLink, now: number): Promise<void> {
  await db
    .updateTable("link")
    .set({ used_at: now })
    .where("question", "=", row.id)
    .where("person", "=", caller.id)
    .where("used_at", "is", null)
    .execute();
}
