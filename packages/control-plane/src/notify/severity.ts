import type { Event } from "@bailiwick/audit";
import { SEVERITIES, type Severity } from "@bailiwick/policy";

export function rankOf(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/**
 * Of a refusal; undefined of all else. What a policy refuses is as severe as the policy says (`@severity`), and medium where it says nothing. Who tampers, or uses a credential
 * where it does not belong, did not run into a policy by accident.
 */
export function severityOf(event: Event): Severity | undefined {
  switch (event.type) {
    case "exec.refused":
    case "request.refused":
    case "host.refused":
      return event.decision.severity ?? "medium";
    case "leak.found":
      return event.decision.outcome === "allow" ? undefined : (event.decision.severity ?? "high");
    case "exec.tampered":
    case "credential.misused":
      return "critical";
    case "run.ended":
      if (event.reason === "tampering" || event.reason === "supervisor") return "critical";
      return event.reason === "record" ? "high" : undefined;
    case "approval":
    case "budget.spent":
    case "connection.closed":
    case "connection.opened":
    case "exec.allowed":
    case "exec.ended":
    case "files.changed":
    case "key.rotated":
    case "model.called":
    case "protection.renewed":
    case "record.witnessed":
    case "recording.closed":
    case "recording.grown":
    case "recording.opened":
    case "request.ended":
    case "request.sent":
    case "run.erased":
    case "run.frozen":
    case "run.started":
    case "tool.called":
      return undefined;
  }
}
