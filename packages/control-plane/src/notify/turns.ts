/** What a row of the queue turns out to be when its turn comes. */
import type { Authority } from "../access/authority.ts";
import { findQuestion, mayAnswer, questionOf } from "../access/questions.ts";
import { COMPANY, type Resource } from "../access/resources.ts";
import type { Journal } from "../arrivals/journal.ts";
import type { DeliveryRow, NoticeRow } from "../store/tables.ts";
import { alarmTold, findAlarm } from "./alarm.ts";
import type { Notify } from "./config.ts";
import { makeLink } from "./links.ts";
import type { Told } from "./message.ts";
import { seal } from "./notices.ts";
import { openNotice, type Opening } from "./open-notice.ts";
import { questionTold } from "./tell-question.ts";
import { findPerson, peopleOf } from "./whom.ts";

export interface Turning extends Opening {
  readonly authority: Authority;
  readonly journal: Pick<Journal, "note">;
  readonly now: () => number;
}

/** Something to send; one for each of these people; or, undefined, over. */
export type Turn = { readonly told: Told } | { readonly people: readonly string[] } | undefined;

/** What could not be told for so long is told no more. Of what still holds, lists and pages speak. */
const LONGEST_MS = 7 * 86_400_000;

export async function questionTurn(turning: Turning, row: DeliveryRow, notify: Notify): Promise<Turn> {
  const { db, now } = turning;
  const { receiver, people, detail } = notify;
  const asked = await findQuestion(db, row.question ?? "");
  const question = asked && questionOf(asked, now());
  if (asked === undefined || question?.state !== "open") return undefined;
  if (people === undefined) return { told: questionTold({ question, to: undefined, link: undefined }, detail) };
  if (row.person === null) return { people: await peopleOf(db, people) };
  const person = await findPerson(db, row.person);
  if (person === undefined || !(await mayAnswer(turning, person.subject, asked))) return undefined;
  const link = question.terms.links ? await linkFor(turning, receiver, question.id, row.person) : undefined;
  return { told: questionTold({ question, to: person.to, link }, detail) };
}

/** Only the hash of a link is kept, so that each try has one of its own. In the server's log before anybody has it. */
async function linkFor(
  { db, base, journal, now }: Turning,
  notify: string,
  question: string,
  person: string,
): Promise<string | undefined> {
  if (base === undefined) return undefined;
  const link = await makeLink(db, { question, person, base, now: now() });
  await journal.note({ type: "link.made", link: link.id, question, person, notify });
  return link.url;
}

/** Also when it is over: who was asleep wants to know. */
export async function alarmTurn(turning: Turning, row: DeliveryRow, notify: Notify): Promise<Turn> {
  const alarm = await findAlarm(turning.db, row.break_glass ?? "");
  if (alarm === undefined || isTooOld(turning, row)) return undefined;
  const told = alarmTold(alarm, notify.detail);
  return await personally(turning, { row, notify, told }, { action: "viewBreakGlass", resource: COMPANY });
}

export async function noticeTurn(turning: Turning, unsealed: NoticeRow, notify: Notify): Promise<Turn> {
  const { db, now } = turning;
  if (isTooOld(turning, unsealed)) return undefined;
  const row = await seal(db, unsealed, now());
  const opened = row && (await openNotice(turning, row));
  if (row === undefined || opened === undefined || !concerns(notify.teams, opened.resource)) return undefined;
  const told = notify.detail === "none" ? opened.short : opened.all;
  return await personally(turning, { row, notify, told }, opened);
}

interface Personal {
  readonly row: DeliveryRow | NoticeRow;
  readonly notify: Notify;
  readonly told: Told;
}

/** By mail to people, each who may see it gets their own. By all else it is told once, to whoever reads there. */
async function personally(
  { db, authority }: Turning,
  { row, notify: { format, people }, told }: Personal,
  { action, resource }: Pick<NonNullable<Awaited<ReturnType<typeof openNotice>>>, "action" | "resource">,
): Promise<Turn> {
  if (format !== "mail" || people === undefined) return { told };
  if (row.person === null) return { people: await peopleOf(db, people) };
  const person = await findPerson(db, row.person);
  if (person === undefined || !(await authority.decide(person.subject, action, resource)).allowed) return undefined;
  return { told: { ...told, to: person.to } };
}

function isTooOld({ now }: Turning, { made_at }: DeliveryRow | NoticeRow): boolean {
  return made_at + LONGEST_MS <= now();
}

/** What is the company's is everybody's. */
function concerns(teams: Notify["teams"], { type, id, within }: Resource): boolean {
  if (teams === undefined || type === "Company") return true;
  return [{ type, id }, ...within].some((each) => each.type === "Team" && teams.includes(each.id));
}
