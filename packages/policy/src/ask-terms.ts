import type { Risk } from "./access/risk.ts";

/** What a policy that asks says of its question, beside whom it asks. */
export interface AskTerms {
  /** Classes of what is asked about (`@class("push")`), sorted; empty when no policy says one. */
  readonly classes: readonly string[];
  /** Whether a one-time link may be answered by (`@link("never")`: not). */
  readonly links: boolean;
  /** How many different people have to say yes (`@approvals("2")`); 1 to 9. */
  readonly approvals: number;
  /** A yes is signed by a passkey of who says it, not longer ago than so many minutes (`@stepUp("15")`); 1 to 1440. */
  readonly stepUpMinutes: number | undefined;
  /** What a yes can bring about (`@risk("low")`); high where a policy does not say. */
  readonly risk: Risk;
}

/** As one policy has them. */
export interface AskAnnotations {
  readonly class: string | undefined;
  readonly link: string | undefined;
  readonly approvals: string | undefined;
  readonly stepUp: string | undefined;
  readonly risk: string | undefined;
}

/** Form and remedy of each annotation that says how a question is answered. They stand beside `@ask`. */
export const ASK_ANNOTATIONS: Readonly<
  Record<keyof AskAnnotations, { readonly form: RegExp; readonly remedy: string }>
> = {
  class: { form: /^[a-z][a-z0-9-]{0,39}$/, remedy: 'write `@class("push")`: lower-case letters, digits and `-`' },
  link: { form: /^never$/, remedy: 'write `@link("never")`, or leave it out' },
  approvals: { form: /^[2-9]$/, remedy: 'write `@approvals("2")`: 2 to 9 people' },
  risk: { form: /^(low|medium|high)$/, remedy: 'write `@risk("low")`: low, medium or high' },
  stepUp: {
    form: /^([1-9][0-9]{0,2}|1[0-3][0-9]{2}|14[0-3][0-9]|1440)$/,
    remedy: 'write `@stepUp("15")`: 1 to 1440 minutes',
  },
};

export function isAskAnnotation(name: string): name is keyof AskAnnotations {
  return Object.hasOwn(ASK_ANNOTATIONS, name);
}

/** Of a question that several policies ask: all classes, and of everything else the strictest. */
export function termsOf(asking: readonly AskAnnotations[]): AskTerms {
  const minutes = asking.flatMap(({ stepUp }) => (stepUp === undefined ? [] : [Number(stepUp)]));
  return {
    classes: [...new Set(asking.flatMap((each) => each.class ?? []))].sort(),
    links: asking.every(({ link }) => link === undefined),
    approvals: Math.max(1, ...asking.map(({ approvals }) => Number(approvals ?? 1))),
    stepUpMinutes: minutes.length === 0 ? undefined : Math.min(...minutes),
    risk: highest(asking.map(({ risk }) => risk)),
  };
}

/** What is not said to be less is high. */
function highest(risks: readonly (string | undefined)[]): Risk {
  if (risks.length === 0 || risks.some((risk) => risk !== "low" && risk !== "medium")) return "high";
  return risks.includes("medium") ? "medium" : "low";
}
