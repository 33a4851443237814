import type { Framework } from "./control.ts";
import { EU_AI_ACT } from "./eu-ai-act.ts";
import { ISO27001 } from "./iso27001.ts";
import { NIST_800_53 } from "./nist-800-53.ts";
import { SOC2 } from "./soc2.ts";

/** By the names that the command line knows. */
export const FRAMEWORKS = {
  soc2: SOC2,
  iso27001: ISO27001,
  "nist-800-53": NIST_800_53,
  "eu-ai-act": EU_AI_ACT,
} as const satisfies Readonly<Record<string, Framework>>;

export type FrameworkName = keyof typeof FRAMEWORKS;

export function isFramework(name: string): name is FrameworkName {
  return Object.hasOwn(FRAMEWORKS, name);
}
