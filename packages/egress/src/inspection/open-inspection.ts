import { Authority } from "../certificates/authority.ts";
import { readRoots } from "../certificates/roots.privileged.ts";
import type { BrokeredCredential } from "../credentials/credential.ts";
import type { LeakLook } from "../http/leaks.ts";
import type { Inspection } from "./inspection.ts";
import { Inspector } from "./inspector.ts";

export interface InspectionOptions {
  readonly run: string;
  readonly nowMs: number;
  /** Host names, and `*.` and a domain. */
  readonly hosts: readonly string[];
  /** Absolute paths of PEM files with further roots. */
  readonly trust: readonly string[];
  readonly credentials: readonly BrokeredCredential[];
  /** Characters of prompts and of what models write that are reported; 0: none, only their digests. */
  readonly modelTextCharacters: number;
  /** Undefined: nothing is looked for. */
  readonly leaks?: LeakLook | undefined;
  /** The person's: their `SSL_CERT_FILE` names their roots. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Makes this run's authority and reads the host's roots. @throws EgressError EGRESS_ROOTS_UNREADABLE */
export async function openInspector(options: InspectionOptions): Promise<Inspection> {
  const { run, nowMs, hosts, trust, credentials, modelTextCharacters, environment, leaks } = options;
  const authority = await Authority.create(run, nowMs);
  const { roots, extra } = readRoots(trust, environment);
  return new Inspector({ authority, roots, extraRoots: extra, hosts, credentials, modelTextCharacters, leaks });
}
