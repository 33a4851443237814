import type { RunId } from "@bailiwick/base";
import { openInspection, type BrokeredCredential, type Inspection, type LeakLook } from "@bailiwick/egress";
import { hostsOfHttpPolicies, type PolicySource } from "@bailiwick/policy";
import { expand, isInside, realPathOf, type Profile } from "@bailiwick/sandbox";
import { RunError } from "./errors.ts";

/** Of a prompt and of what a model writes, where the profile has them recorded. */
const MOST_TEXT = 256 * 1024;

export interface InspectionQuestion {
  readonly run: RunId;
  readonly profile: Profile;
  readonly policies: readonly PolicySource[];
  readonly credentials: readonly BrokeredCredential[];
  readonly leaks: LeakLook;
  readonly workspace: string;
  readonly personHome: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * What looks into connections, where the profile, a policy about requests or a credential names a host for it; else undefined, and nothing of
 * it is loaded.
 * @throws RunError RUN_ROOTS_REFUSED, EgressError EGRESS_ROOTS_UNREADABLE
 */
export async function openInspectionFor(question: InspectionQuestion): Promise<Inspection | undefined> {
  const { run, profile, policies, credentials, environment, leaks } = question;
  const named = [
    ...profile.network.inspect,
    ...hostsOfHttpPolicies(policies),
    ...credentials.flatMap(({ hosts }) => hosts),
  ];
  const hosts = [...new Set(named)];
  if (hosts.length === 0) return undefined;
  const trust = profile.network.trust.map((path) => rootsFile(path, question));
  const modelTextCharacters = profile.models.content ? MOST_TEXT : 0;
  return await openInspection({
    run,
    nowMs: Date.now(),
    hosts,
    trust,
    credentials,
    modelTextCharacters,
    environment,
    leaks,
  });
}

/** A file that an earlier run may have written must not say whom to trust. */
function rootsFile(path: string, { workspace, personHome }: InspectionQuestion): string {
  const named = expand(path, { workspace, home: personHome });
  const real = realPathOf(named) ?? named; // who reads it says what is wrong with it
  if (!isInside(workspace, real)) return real;
  throw new RunError("RUN_ROOTS_REFUSED", `the root certificates \`${named}\` lie in the workspace`, {
    remedy: "keep them outside, where no run can write",
  });
}
