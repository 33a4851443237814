import { forbidUnless, READS, type RuleSet } from "./rule-set.ts";

/** A registry that is only read. @param more what is no GET and reads all the same */
export function readingRules(name: string, reason: string, more: readonly string[] = []): RuleSet {
  const policies: RuleSet["policies"] = ({ hosts }) =>
    forbidUnless({
      id: `rules.${name}.read`,
      reason,
      instead: "leave the package in the workspace, where a person can publish it",
      hosts,
      unless: [READS, ...more],
    });
  return { hosts: [], owners: false, policies };
}
