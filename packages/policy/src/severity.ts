/** How severe it is that something was tried, the least first (`@severity("high")`). */
export const SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

export function isSeverity(text: string): text is Severity {
  return SEVERITIES.some((each) => each === text);
}

/** Undefined when none of them says anything. */
export function mostSevere(said: readonly (Severity | undefined)[]): Severity | undefined {
  return SEVERITIES.findLast((each) => said.includes(each));
}
