/**
 * What every OCSF record has. The words are the schema's (https://schema.ocsf.io); what our own mean there stands in docs/exports.md.
 */
import { LOG_ITSELF, type Event } from "@bailiwick/audit";
import { startOf, type Source } from "../source.ts";
import { lineOf, urgencyOf, type Urgency } from "../telling.ts";
import type { Members } from "./members.ts";
import { actorOf } from "./process.ts";

/** 1.8.0 is the newest that is published; `ai_agent` comes with what is to be 1.9. */
export const OCSF_VERSIONS = ["1.8.0", "1.9.0-dev"] as const;
export type OcsfVersion = (typeof OCSF_VERSIONS)[number];

/** A class of the schema: its id, whose thousands are the category. */
export const CLASS = {
  fileSystemActivity: 1001,
  processActivity: 1007,
  eventLogActivity: 1008,
  detectionFinding: 2004,
  networkActivity: 4001,
  httpActivity: 4002,
  dnsActivity: 4003,
  applicationLifecycle: 6002,
  apiActivity: 6003,
} as const;

/** Whether a record names the agent: from 1.9 on, in every class but findings, for what the agent did and nobody else. */
function namesAgent({ event: { type } }: Source, version: OcsfVersion, classUid: number): boolean {
  return version !== "1.8.0" && classUid !== CLASS.detectionFinding && !BY_OTHERS.has(type);
}

const BY_OTHERS: ReadonlySet<Event["type"]> = new Set([
  "approval",
  "budget.spent",
  "protection.renewed",
  "record.witnessed",
  "recording.closed",
  "recording.grown",
  "recording.opened",
  "run.erased",
  "run.frozen",
  "key.rotated",
]);

const SEVERITY: { readonly [U in Urgency]: number } = {
  routine: 1,
  notable: 2,
  low: 2,
  medium: 3,
  high: 4,
  critical: 5,
};

export interface RecordParts {
  readonly classUid: (typeof CLASS)[keyof typeof CLASS];
  readonly activity: number;
  /** Names the activity where the schema has only “Other” (99). */
  readonly activityName?: string;
  readonly success?: boolean;
  /** The members of the class itself. */
  readonly members: Members;
  /** Of the decision, where one was made: the members of the profile `security_control`. */
  readonly control?: Members | undefined;
  /** Distinguishes several records of one event. */
  readonly part?: string;
}

/** One whole record. */
export function recordOf(source: Source, version: OcsfVersion, parts: RecordParts): Members {
  const { event } = source;
  const { classUid, activity, activityName, success, control } = parts;
  const withAgent = namesAgent(source, version, classUid);
  const profiles = ["host", ...(control ? ["security_control"] : []), ...(withAgent ? ["ai_operation"] : [])];
  return {
    activity_id: activity,
    ...(activityName !== undefined && { activity_name: activityName }),
    category_uid: Math.floor(classUid / 1000),
    class_uid: classUid,
    type_uid: classUid * 100 + activity,
    time: Math.trunc(event.at),
    severity_id: SEVERITY[urgencyOf(event)],
    ...(success !== undefined && { status_id: success ? 1 : 2 }),
    message: lineOf(source),
    metadata: metadataOf(source, version, { profiles, part: parts.part }),
    device: deviceOf(source),
    actor: actorOf(source),
    ...(withAgent && { ai_agent: agentOf(source) }),
    ...control,
    ...parts.members,
  };
}

export function uidOf({ id }: Source, part: string | undefined): string {
  return part === undefined ? id : `${id}/${part}`;
}

function metadataOf(
  source: Source,
  version: OcsfVersion,
  { profiles, part }: { readonly profiles: readonly string[]; readonly part: string | undefined },
): Members {
  const { event, erased, log, index } = source;
  const started = startOf(source);
  const product = started?.version;
  const labels = [...(erased ? ["erased"] : []), ...(started?.labels ?? [])];
  return {
    version,
    product: { name: "Bailiwick", vendor_name: "Bailiwick", ...(product !== undefined && { version: product }) },
    profiles,
    uid: uidOf(source, part),
    log_name: log,
    sequence: index,
    event_code: event.type,
    ...(event.run !== LOG_ITSELF && { correlation_uid: event.run }),
    ...(labels.length > 0 && { labels }),
    ...(isCut(source) && { is_truncated: true }),
  };
}

function isCut({ event, cut }: Source): boolean {
  return cut === true || event.whole !== undefined || ("argv" in event && event.argv.whole !== undefined);
}

/** The host that keeps the log: its name while that is not erased, and what the log is called. */
export function deviceOf(source: Source): Members {
  const started = startOf(source);
  return {
    type_id: 0,
    uid: source.log,
    ...(started !== undefined && started.hostname !== "" && { hostname: started.hostname }),
    os: { name: "Linux", type_id: 200 },
  };
}

function agentOf(source: Source): Members {
  const agent = startOf(source)?.agent ?? "unknown";
  return {
    name: agent,
    uid: agent,
    instance_uid: source.event.run,
    type_id: 0,
  };
}
