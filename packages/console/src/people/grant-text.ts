/** Who has which role for what, in words. */
import type { Grant, Person } from "./use-people.ts";

export const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] as const;

/** `auditor for Team payments, only where team=payments`. */
export function grantText({ role, scope, when }: Pick<Grant, "role" | "scope" | "when">): string {
  return [
    `${role} for ${scope.type === "Company" ? "the company" : `${scope.type} ${scope.id}`}`,
    ...conditionsOf(when),
  ].join(", ");
}

function conditionsOf(when: Grant["when"]): string[] {
  if (when === undefined) return [];
  const { classes, risk, labels, hours } = when;
  return [
    ...(classes === undefined ? [] : [`only questions about ${classes.join(", ")}`]),
    ...(risk === undefined ? [] : [`only questions of risk ${risk === "low" ? "low" : "low or medium"}`]),
    ...(labels === undefined ? [] : [`only runs with ${labels.join(" ")}`]),
    ...(hours === undefined
      ? []
      : [
          `only ${hours.days.map((day) => DAYS[day - 1] ?? "").join(" ")} ${hours.from} to ${hours.to} (${hours.zone})`,
        ]),
  ];
}

export interface HeldGrant extends Grant {
  /** The team by which somebody has it; undefined: it is their own. */
  readonly team: string | undefined;
}

/** What somebody has, themselves and by the teams they are in. */
export function grantsOfPerson({ id, teams }: Person, grants: readonly Grant[]): HeldGrant[] {
  return grants.flatMap((grant): HeldGrant[] => {
    const { to } = grant;
    if (to.type === "Person" && to.id === id) return [{ ...grant, team: undefined }];
    return to.type === "Team" && teams.includes(to.id) ? [{ ...grant, team: to.id }] : [];
  });
}
