import type { Inspection } from "./inspection/inspection.ts";
import type { InspectionOptions } from "./inspection/open-inspection.ts";
import type { SshGateway } from "./ssh/ssh-gateway.ts";
import type { SshHost } from "./ssh/ssh-host.ts";

export type * from "./types.ts";
export type * from "./observer.ts";
export type { BrokeredCredential, CredentialForm } from "./credentials/credential.ts";
export type { ModelTokens, ToolResult } from "./models/model-call.ts";
export type { ModelCallFacts, ToolCallFacts } from "./models/model-tap.ts";
export type { Inspection } from "./inspection/inspection.ts";
export type { InspectionOptions } from "./inspection/open-inspection.ts";
export type { SshGateway } from "./ssh/ssh-gateway.ts";
export type { SshHost } from "./ssh/ssh-host.ts";
export { EgressError, type EgressErrorCode } from "./errors.ts";
export { createGateway } from "./gateway.privileged.ts";
export type { FoundLeak, LeakBody, LeakLook } from "./http/leaks.ts";
export { leakFacts } from "./http/leaks.ts";
export { matchesHost, partsOf } from "./credentials/credential.ts";
export { placeholderFor } from "./credentials/placeholder.ts";
export { publishPort, type Publication, type PublishOptions } from "./publish.privileged.ts";

/** Makes what looks into connections. X.509, TLS and HTTP are loaded here and not before: most runs need none of it. @throws EgressError EGRESS_ROOTS_UNREADABLE */
export async function openInspection(options: InspectionOptions): Promise<Inspection> {
  const { openInspector } = await import("./inspection/open-inspection.ts");
  return await openInspector(options);
}

/** Makes what ends SSH to these hosts. The protocol is loaded here and not before. */
export async function openSsh(hosts: readonly SshHost[]): Promise<SshGateway> {
  const { makeSshGateway } = await import("./ssh/open-ssh-gateway.privileged.ts");
  return makeSshGateway(hosts);
}
