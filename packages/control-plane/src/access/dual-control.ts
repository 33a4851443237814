/** Actions that more than one person has to want: `[[dual-control]]` of the server's file. Each is a forbid in Cedar that a confirmation lifts. */
import { RESOURCES, type AccessAction, type AccessDecision, type ResourceType } from "@bailiwick/policy";
import { z } from "zod";

/** What can be kept and done later: its answer says nothing that only the first may see, and nothing that is too late by then. */
export const CONFIRMABLE = [
  "killRun",
  "pauseRun",
  "setLease",
  "grantRole",
  "grantOwner",
  "defineRole",
  "revokeHost",
] as const satisfies readonly AccessAction[];

export const dualControlSchema = z.strictObject({
  action: z.enum(CONFIRMABLE),
  /** Only when it is used on this type as a whole: `Company` for all runs. */
  on: z.enum(Object.keys(RESOURCES).filter(isType)).optional(),
  people: z.int().min(2).max(9).default(2),
  /** How long it waits for the others. */
  minutes: z
    .int()
    .min(1)
    .max(7 * 1_440)
    .default(60),
});

export type DualControl = z.output<typeof dualControlSchema>;

function isType(name: string): name is ResourceType {
  return Object.hasOwn(RESOURCES, name);
}

const PREFIX = "dual-control.";

/** The forbids, by id. */
export function dualControlPolicies(rules: readonly DualControl[]): Record<string, string> {
  return Object.fromEntries(
    rules.map(({ action, on }, index) => {
      const resource = on === undefined ? "resource" : `resource is ${on}`;
      const text = `forbid(principal, action == Action::"${action}", ${resource}) unless { context.confirmed };`;
      return [`${PREFIX}${String(index)}`, text];
    }),
  );
}

/** Of a no that is one for want of others alone, what it would need: the most people, and the shortest time. */
export function neededOf(
  rules: readonly DualControl[],
  { allowed, policies }: AccessDecision,
): { readonly people: number; readonly minutes: number } | undefined {
  if (allowed || policies.length === 0 || !policies.every((id) => id.startsWith(PREFIX))) return undefined;
  const broken = policies.flatMap((id) => rules[Number(id.slice(PREFIX.length))] ?? []);
  if (broken.length === 0) return undefined;
  return {
    people: Math.max(...broken.map(({ people }) => people)),
    minutes: Math.min(...broken.map(({ minutes }) => minutes)),
  };
}
