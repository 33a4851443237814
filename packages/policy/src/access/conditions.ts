/** Conditions under which a role is had. Each becomes a clause of the Cedar policy that the role is; none is decided beside it. */
import { entityText, stringText } from "./entity-text.ts";
import type { ResourceType } from "./actions.ts";
import { RISKS, type Risk } from "./risk.ts";

/** All that are said have to hold. */
export interface GrantConditions {
  /** Only for questions about these classes and no others; for nothing else. */
  readonly classes?: readonly string[] | undefined;
  /** Only for questions whose policy says that they risk no more than this; for nothing else. */
  readonly risk?: Risk | undefined;
  readonly hours?: WorkingHours | undefined;
  /** Only for runs that have all of these, and what they ask; for nothing else. */
  readonly labels?: readonly string[] | undefined;
  /** Only within this too. */
  readonly within?: { readonly type: ResourceType; readonly id: string } | undefined;
  /** Not for what is this person's. */
  readonly notOf?: string | undefined;
}

export interface WorkingHours {
  /** 1 (Monday) to 7. */
  readonly days: readonly number[];
  /** `HH:MM`, in the zone's own time; `to` is not included. When it is not later than `from` it is of the next day. */
  readonly from: string;
  readonly to: string;
  /** Of the IANA time zone database: `Europe/Berlin`. */
  readonly zone: string;
}

const DAY = 1_440;
const WEEK = 7 * DAY;

/** Minutes since Monday 00:00 in UTC. @param nowMs milliseconds since 1970, which began with a Thursday */
export function weekMinute(nowMs: number): number {
  return (Math.floor(nowMs / 60_000) + 3 * DAY) % WEEK;
}

/** Clauses for a policy. @throws RangeError for hours that no clock has: what can't be put into Cedar permits nothing */
export function clausesOf(conditions: GrantConditions, nowMs: number): string[] {
  const { classes, risk, hours, labels, within, notOf } = conditions;
  return [
    ...(classes === undefined ? [] : [classesClause(classes)]),
    ...(risk === undefined ? [] : [`when { context.risk <= ${String(RISKS[risk])} }`]),
    ...(hours === undefined ? [] : [hoursClause(hours, nowMs)]),
    ...(labels === undefined ? [] : [labelsClause(labels)]),
    ...(within === undefined ? [] : [`when { resource in ${entityText(within)} }`]),
    ...(notOf === undefined ? [] : [`unless { resource in ${entityText({ type: "Person", id: notOf })} }`]),
  ];
}

/** About at least one of them, and about nothing else: of a question that is about two things one is not enough. */
function classesClause(classes: readonly string[]): string {
  if (classes.length === 0) return "when { false }";
  const set = `[${classes.map((each) => JSON.stringify(each)).join(", ")}]`;
  return `when { ${set}.containsAny(context.classes) && ${set}.containsAll(context.classes) }`;
}

/** What is no run has none, and a run without labels has none of them: neither is meant. */
function labelsClause(labels: readonly string[]): string {
  if (labels.length === 0) return "when { false }";
  return `when { context.labels.containsAll([${labels.map(stringText).join(", ")}]) }`;
}

/** The zone's hours as they are now in UTC; Cedar compares the minute of the week. */
function hoursClause({ days, from, to, zone }: WorkingHours, nowMs: number): string {
  const offset = localWeekMinute(nowMs, zone) - weekMinute(nowMs);
  const [opens, closes] = [minuteOf(from), minuteOf(to)];
  const length = closes > opens ? closes - opens : closes - opens + DAY;
  const ranges = days.flatMap((day) => {
    if (!Number.isInteger(day) || day < 1 || day > 7) throw new RangeError(`there is no day ${String(day)} of a week`);
    const start = ((((day - 1) * DAY + opens - offset) % WEEK) + WEEK) % WEEK;
    const end = start + length;
    return end <= WEEK
      ? [[start, end]]
      : [
          [start, WEEK],
          [0, end - WEEK],
        ];
  });
  if (ranges.length === 0) return "when { false }";
  const inOne = ranges.map(
    ([start = 0, end = 0]) => `(context.weekMinute >= ${String(start)} && context.weekMinute < ${String(end)})`,
  );
  return `when { ${inOne.join(" || ")} }`;
}

function minuteOf(text: string): number {
  const [, hour, minute] = /^([01][0-9]|2[0-3]):([0-5][0-9])$/.exec(text) ?? [];
  if (hour === undefined || minute === undefined) throw new RangeError(`\`${text}\` is no time of a day`);
  return Number(hour) * 60 + Number(minute);
}

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

function localWeekMinute(nowMs: number, zone: string): number {
  const format = new Intl.DateTimeFormat("en-US", {
    ...{ timeZone: zone, weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  });
  const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
  const day = WEEKDAYS.indexOf(parts.get("weekday") ?? "");
  const minute = day * DAY + Number(parts.get("hour")) * 60 + Number(parts.get("minute"));
  if (day < 0 || Number.isNaN(minute)) throw new RangeError(`the time in \`${zone}\` is not known`);
  return minute;
}

/** For people: `for push, delete, at most medium risk`. */
export function conditionsText({ classes, risk, hours, labels, within }: GrantConditions): string[] {
  return [
    ...(classes === undefined ? [] : [`only ${classes.join(", ")}`]),
    ...(risk === undefined ? [] : [`at most ${risk} risk`]),
    ...(hours === undefined ? [] : [hoursText(hours)]),
    ...(labels === undefined ? [] : [`only runs labelled ${labels.join(", ")}`]),
    ...(within === undefined || within.type === "Company" ? [] : [`within ${within.type} ${within.id}`]),
  ];
}

function hoursText({ days, from, to, zone }: WorkingHours): string {
  return `${days.map((day) => WEEKDAYS[day - 1] ?? String(day)).join(" ")} ${from} to ${to} ${zone}`;
}
