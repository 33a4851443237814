/** What somebody should look at: records of the class Detection Finding. */
import type { EventOf } from "@bailiwick/audit";
import type { Source } from "../source.ts";
import type { Members } from "./members.ts";
import { ERASED, processByExec } from "./process.ts";
import { CLASS, deviceOf, recordOf, uidOf, type OcsfVersion } from "./record.ts";

interface Finding {
  /** Of a finding that stands beside the record of an activity. */
  readonly part?: "finding";
  readonly title: unknown;
  /** Undefined or empty where there is nothing to say, or it was erased. */
  readonly detail: unknown;
  readonly evidence: Members;
  readonly policy?: unknown;
  readonly relatedEvents?: readonly Members[];
}

function finding(
  source: Source,
  version: OcsfVersion,
  { part, title, detail, evidence, policy, relatedEvents }: Finding,
): Members {
  const { event } = source;
  return recordOf(source, version, {
    classUid: CLASS.detectionFinding,
    activity: 1,
    ...(part !== undefined && { part }),
    control: { action_id: 2, disposition_id: 2, ...(policy !== undefined && { policy }) },
    members: {
      status_id: 1,
      is_alert: true,
      finding_info: {
        uid: uidOf(source, part),
        title,
        types: [event.type],
        created_time: Math.trunc(event.at),
        ...(detail !== undefined && detail !== "" && { desc: detail }),
        ...(relatedEvents && { related_events: relatedEvents }),
      },
      evidences: [{ ...evidence, device: deviceOf(source) }],
    },
  });
}

/** The finding beside a denied activity. */
export function refusal(
  source: Source,
  version: OcsfVersion,
  { activity, evidence }: { readonly activity: Members; readonly evidence: Members },
): Members {
  const { policy, status_detail, message, type_uid } = activity;
  return finding(source, version, {
    part: "finding",
    title: message,
    detail: status_detail,
    evidence,
    policy,
    relatedEvents: [{ uid: source.id, type_uid }],
  });
}

/** A placeholder where it does not belong, or the credential itself come back: somebody tries to get at it. */
export function misuse(source: Source, version: OcsfVersion, event: EventOf<"credential.misused">): Members {
  const hostname = event.host === "" ? ERASED : event.host;
  return finding(source, version, {
    title: `The credential ${event.credential} was misused`,
    detail: event.where,
    evidence: { dst_endpoint: { hostname, port: event.port } },
  });
}

/** What should not leave, in what was sent. */
export function leak(source: Source, version: OcsfVersion, event: EventOf<"leak.found">): Members {
  const hostname = event.host === "" ? ERASED : event.host;
  return finding(source, version, {
    title: `${event.kind} in what was ${event.decision.outcome === "allow" ? "sent" : "to be sent"}`,
    detail: `${event.what} ${event.sample}`.trim(),
    evidence: { dst_endpoint: { hostname, port: event.port } },
  });
}

export function tampering(source: Source, version: OcsfVersion, event: EventOf<"exec.tampered">): Members {
  return finding(source, version, {
    title: "What ran is not what had been approved",
    detail: event.detail,
    evidence: { process: { ...processByExec(source, event.exec), pid: event.pid } },
  });
}
