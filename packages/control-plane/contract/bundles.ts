/**
 * The text of a bundle taken apart for who writes it in a browser, where the policies' own reader is not. Lenient on purpose: that reader says what is
 * wrong, at the server, which is asked about every text before it is kept.
 */
import type { PolicyBundle } from "@bailiwick/policy";
import { z } from "zod";
import { LAYER_OF, type PolicyScope } from "./policies.ts";

const texts = z.array(z.object({ name: z.string(), text: z.string() }));
const parts = z.object({
  policies: texts,
  tests: texts,
  profile: z.string().optional(),
  requiredWithinHours: z.number().optional(),
});

/** What a bundle says, beside whom it is for. */
export type BundleParts = Pick<PolicyBundle, "policies" | "tests" | "profile" | "requiredWithinHours">;

/** @returns undefined for a text that is no bundle */
export function readParts(bundle: string): BundleParts | undefined {
  let json: unknown;
  try {
    json = JSON.parse(bundle);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const read = parts.safeParse(json);
  if (!read.success) return undefined;
  const { policies, tests, profile, requiredWithinHours } = read.data;
  return { policies, tests, profile, requiredWithinHours };
}

/** The one text of a bundle, as the policies' own writer has it. */
export function writeParts({ type, id }: PolicyScope, bundle: BundleParts): string {
  const { policies, tests, profile, requiredWithinHours } = bundle;
  const sorted = (list: BundleParts["policies"]) =>
    list.map(({ name, text }) => ({ name, text })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.stringify({
    ...{ v: 1, layer: LAYER_OF[type], scope: id },
    ...{ policies: sorted(policies), tests: sorted(tests), profile, requiredWithinHours },
  });
}
