/** What a host does for its server. Everything that speaks to one is loaded at its first use: a run must not wait for it. */
import type { Enrolment, EnrolOptions } from "./enrolment.ts";
import type { PolicyFetchOptions } from "./policies.ts";
import type { HostTasks } from "./tasks.ts";
import type { SenderOptions, SyncResult } from "./sender.ts";

export type { Enrolment, EnrolOptions, HostTasks, SyncResult };
export type { HandIn, HeldTask, Wanted } from "./tasks.ts";
export { isFresh } from "./fresh.ts";
export type { NewQuestion } from "./open-questions.ts";
export { startRunSender, type FollowingRun, type RunSender, type RunSenderOptions } from "./run-sender.privileged.ts";

/** @see file enrolment.ts */
export async function enrol(options: EnrolOptions): Promise<Enrolment> {
  const module = await import("./enrolment.ts");
  return await module.enrol(options);
}

/** Fetches what policies hold for this host. @see file policies.ts */
export async function fetchPolicies(options: PolicyFetchOptions): Promise<void> {
  const module = await import("./policies.ts");
  await module.fetchPolicies(options);
}

/** What this host does for pools of tasks. @see file tasks.ts */
export async function openTasks(directory: string): Promise<HostTasks> {
  const module = await import("./tasks.ts");
  return module.openHostTasks(directory);
}

/** Sends all there is of the record, now. @see file sender.ts */
export async function sync(options: SenderOptions): Promise<SyncResult> {
  const module = await import("./sender.ts");
  return await new module.Sender(options).sync();
}
