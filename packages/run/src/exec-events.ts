import type { NewEvent } from "@bailiwick/audit";
import type { Decision, ExecLink, ExecRequest } from "@bailiwick/policy";
import type { ExecFile, ExecNotice } from "@bailiwick/sandbox";
import type { Origin } from "./provenance.ts";

/** A digest for the record where no bytes could be read; no file has it. The exec was refused then. */
export const UNREADABLE = `sha256:${"0".repeat(64)}`;

/** One file of an exec as policies see it. */
export function linkOf(
  file: ExecFile,
  digest: string,
  known: { readonly names: readonly string[]; readonly inWorkspace: boolean },
): ExecLink {
  const memfd = file.path.startsWith("memfd:");
  const { names, inWorkspace } = known;
  return { program: { path: file.path, names, digest, memfd, inWorkspace: inWorkspace || memfd }, argv: file.argv };
}

/** A decision as it stands in the record. */
export function recordedDecision({
  outcome,
  policies,
  reason,
  instead,
  approver,
  policyDigest,
  failure,
  severity,
}: Decision) {
  return {
    outcome,
    policies: [...policies],
    reason,
    ...(instead !== undefined && { instead }),
    ...(approver !== undefined && { approver }),
    policyDigest,
    ...(failure !== undefined && { failure }),
    ...(severity !== undefined && outcome !== "allow" && { severity }),
  };
}

export function execEvent(
  type: "exec.allowed" | "exec.refused",
  notice: ExecNotice,
  {
    request,
    decision,
    origin,
  }: { readonly request: ExecRequest; readonly decision: Decision; readonly origin: Origin | undefined },
): NewEvent {
  const [program, ...also] = request.links.map((each) => ({ path: each.program.path, digest: each.program.digest }));
  return {
    type,
    at: notice.at,
    exec: notice.id,
    parent: notice.parent,
    pid: notice.pid,
    asked: notice.asked,
    program: program ?? { path: notice.asked, digest: UNREADABLE },
    ...(also.length > 0 && { also }),
    argv: { values: [...notice.files[0].argv] },
    cwd: notice.cwd,
    ...(origin !== undefined && { origin }),
    decision: recordedDecision(decision),
  };
}
