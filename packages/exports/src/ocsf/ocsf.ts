import type { EventOf } from "@bailiwick/audit";
import { formatAskedHost } from "@bailiwick/base";
import { startOf, type Source } from "../source.ts";
import { leak, misuse, refusal, tampering } from "./findings.ts";
import type { Members } from "./members.ts";
import { modelRecord } from "./models.ts";
import { connectionRecord, hostRefusedRecord, requestEndRecord, requestRecord } from "./network.ts";
import { ERASED, fileOf, processByExec, processOf, processUid } from "./process.ts";
import { CLASS, recordOf, type OcsfVersion } from "./record.ts";

/**
 * An event as records of OCSF. A refusal is two: the activity that was denied, and a finding that names it; files that changed are one
 * for each. Each has its own `metadata.uid`, which begins with the source's id.
 * @see docs/exports.md for which event is which class
 */
export function ocsfRecords(source: Source, version: OcsfVersion): readonly [Members, ...Members[]] {
  const { event } = source;
  const of = (parts: Parameters<typeof recordOf>[2]): Members => recordOf(source, version, parts);
  switch (event.type) {
    case "run.started":
      return [of(lifecycle(source, { activity: 3 }))];
    case "run.ended":
      return [of({ ...lifecycle(source, { activity: 4 }), success: event.reason === "exited" })];
    case "run.frozen":
      return [of(lifecycle(source, { activity: 99, activityName: "Freeze" }))];
    case "exec.allowed":
      return [of({ ...launch(event), success: true, control: controlOf(event.decision) })];
    case "exec.refused": {
      const activity = of({ ...launch(event), success: false, control: controlOf(event.decision) });
      return [activity, refusal(source, version, { activity, evidence: { process: processOf(event) } })];
    }
    case "exec.ended":
      return [of(end(source, event))];
    case "exec.tampered":
      return [tampering(source, version, event)];
    case "approval":
      return [of(approval(source, event))];
    case "host.refused": {
      const parts = hostRefusedRecord(event);
      const activity = of({ ...parts, control: controlOf(event.decision) });
      const { query, dst_endpoint } = parts.members;
      const evidence = query === undefined ? { dst_endpoint } : { query };
      return [activity, refusal(source, version, { activity, evidence })];
    }
    case "connection.opened":
      return [of({ ...connectionRecord(source, event), control: controlOf(event.decision) })];
    case "connection.closed":
      return [of(connectionRecord(source, event))];
    case "request.sent":
      return [of({ ...requestRecord(event), control: controlOf(event.decision) })];
    case "request.refused": {
      const parts = requestRecord(event);
      const activity = of({ ...parts, control: controlOf(event.decision) });
      const { http_request, dst_endpoint } = parts.members;
      return [activity, refusal(source, version, { activity, evidence: { http_request, dst_endpoint } })];
    }
    case "request.ended":
      return [of(requestEndRecord(event))];
    case "credential.misused":
      return [misuse(source, version, event)];
    case "tool.called":
    case "model.called":
      return [of(modelRecord(event))];
    case "budget.spent":
      return [of(lifecycle(source, { activity: 99, activityName: "Budget spent" }))];
    case "leak.found":
      return [leak(source, version, event)];
    case "files.changed":
      return changedFiles(source, version, event);
    case "protection.renewed":
      return [
        of({
          classUid: CLASS.fileSystemActivity,
          activity: 99,
          activityName: "Protect again",
          members: { file: fileOf({ path: event.path }) },
          control: { action_id: 4, disposition_id: 11 },
        }),
      ];
    case "record.witnessed":
      return [of({ ...ofTheLog(source, 99, "Witness"), success: event.met })];
    case "recording.opened":
      return [of(recording(event, 6))];
    case "recording.grown":
      return [of(recording(event, 99, "Grow"))];
    case "recording.closed":
      return [of({ ...recording(event, 7), success: event.reason !== "failed" })];
    case "run.erased":
      return [of(ofTheLog(source, 2, undefined))];
    case "key.rotated":
      return [of(ofTheLog(source, 99, "Rotate key"))];
  }
}

function lifecycle(
  source: Source,
  activity: { readonly activity: number; readonly activityName?: string },
): Parameters<typeof recordOf>[2] {
  const started = startOf(source);
  const members = {
    app: { name: started?.agent ?? "agent", uid: source.event.run },
    ...(started && { unmapped: { profile: started.profile.name, policy_digest: started.policyDigest } }),
  };
  return { classUid: CLASS.applicationLifecycle, ...activity, members };
}

function launch(event: EventOf<"exec.allowed"> | EventOf<"exec.refused">): Parameters<typeof recordOf>[2] {
  const also = event.also?.map(({ path, digest }) => fileOf({ path, digest }));
  return {
    classUid: CLASS.processActivity,
    activity: 1,
    members: {
      process: processOf(event),
      launch_type_id: 3,
      ...(also && { unmapped: { also_executed: also } }),
    },
  };
}

/** A process that went on as another program has not ended: OCSF has no word for that. */
function end(source: Source, event: EventOf<"exec.ended">): Parameters<typeof recordOf>[2] {
  const process = { ...processByExec(source, event.exec), terminated_time: Math.trunc(event.at) };
  const classUid = CLASS.processActivity;
  const unmapped = {
    wall_ms: event.wallMs,
    ...(event.cpuMs !== undefined && { cpu_ms: event.cpuMs }),
    ...(event.signal !== undefined && { signal: event.signal }),
  };
  if (event.failed !== undefined) {
    const members = { process: processByExec(source, event.exec), status_detail: event.failed, unmapped };
    return { classUid, activity: 1, success: false, members };
  }
  if (event.replacedBy !== undefined) {
    const replaced = { ...unmapped, replaced_by: processUid(event.run, event.replacedBy) };
    const members = { process: processByExec(source, event.exec), unmapped: replaced };
    return { classUid, activity: 99, activityName: "Replace", success: true, members };
  }
  const exit = event.status === undefined ? {} : { exit_code: event.status };
  return { classUid, activity: 2, success: true, members: { process, ...exit, unmapped } };
}

function approval(source: Source, event: EventOf<"approval">): Parameters<typeof recordOf>[2] {
  return {
    classUid: CLASS.apiActivity,
    activity: 99,
    activityName: "Approve",
    success: event.answer === "once" || event.answer === "run",
    members: {
      actor: { user: { name: event.by === "" ? ERASED : event.by }, session: { uid: event.run } },
      api: { operation: "approve", service: { name: "bailiwick" } },
      src_endpoint: { uid: source.log },
      resources: resourcesOf(event),
      status_detail: event.answer,
      unmapped: { bound: event.bound },
    },
  };
}

/** What was asked about, and the process that wanted it. */
function resourcesOf({ run, exec, about }: EventOf<"approval">): object[] {
  const process = exec === undefined ? [] : [{ uid: processUid(run, exec), type: "exec" }];
  if (about === undefined) return process;
  return [{ uid: formatAskedHost(about), type: about.request === undefined ? "host" : "request" }, ...process];
}

function ofTheLog(source: Source, activity: number, activityName: string | undefined): Parameters<typeof recordOf>[2] {
  const { event } = source;
  return {
    classUid: CLASS.eventLogActivity,
    activity,
    ...(activityName !== undefined && { activityName }),
    members: {
      ...("by" in event && typeof event.by === "string" && { actor: { user: { name: event.by } } }),
      ...(event.type === "run.erased" && { status_detail: event.reason }),
      log_name: source.log,
      log_type_id: 2,
    },
  };
}

/** The terminal's recording is a log beside the record. */
function recording(
  event: EventOf<"recording.opened" | "recording.grown" | "recording.closed">,
  activity: number,
  activityName?: string,
): Parameters<typeof recordOf>[2] {
  const name = `terminal of ${event.run}`;
  const bytes = "bytes" in event ? event.bytes : undefined;
  const digest = "digest" in event ? event.digest : undefined;
  const file = fileOf({ path: name, ...(digest !== undefined && { digest }) });
  return {
    classUid: CLASS.eventLogActivity,
    activity,
    ...(activityName !== undefined && { activityName }),
    members: {
      log_name: name,
      log_type_id: 2,
      file: { ...file, ...(bytes !== undefined && { size: bytes }) },
      ...(event.type === "recording.closed" && {
        status_detail: event.reason,
        unmapped: { dropped: event.dropped, redactions: event.redactions, frames: event.frames },
      }),
    },
  };
}

function changedFiles(
  source: Source,
  version: OcsfVersion,
  event: EventOf<"files.changed">,
): readonly [Members, ...Members[]] {
  const workspace = source.context.started?.workspace ?? "";
  const of = (path: string, part: number): Members =>
    recordOf(source, version, {
      classUid: CLASS.fileSystemActivity,
      activity: 99,
      activityName: "Change",
      part: String(part),
      members: {
        file: fileOf({ path: path === "" || path.startsWith("/") || workspace === "" ? path : `${workspace}/${path}` }),
        unmapped: { changed: event.count },
      },
    });
  const [first = "", ...rest] = event.paths;
  return [of(first, 0), ...rest.map((path, index) => of(path, index + 1))];
}

type Decision = EventOf<"exec.allowed">["decision"];

/** An ask that was answered yes is recorded as the event that it became: what counts is what came of it. */
function controlOf({ outcome, policies, reason, policyDigest }: Decision): Members {
  const allowed = outcome === "allow";
  return {
    action_id: allowed ? 1 : 2,
    disposition_id: allowed ? 1 : 2,
    policy: { name: policies.join(", ") || "none", version: policyDigest, is_applied: true },
    ...(reason !== "" && { status_detail: reason }),
  };
}
