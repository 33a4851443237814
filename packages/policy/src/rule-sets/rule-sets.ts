import type { PolicySource } from "../source.ts";
import { gitRules } from "./git.ts";
import { githubRules } from "./github.ts";
import { gitlabRules } from "./gitlab.ts";
import { anthropicRules, geminiRules, openaiRules } from "./models.ts";
import { readingRules } from "./registries.ts";
import type { RuleSet, RuleSetName } from "./rule-set.ts";

/** What is shipped. Hosts and owners come from the profile; a forge or a model that is one company has hosts of its own, a registry is wherever the person's tools are told. */
const RULE_SETS: Readonly<Record<RuleSetName, RuleSet>> = {
  git: { hosts: [], owners: true, policies: gitRules },
  github: {
    hosts: [
      "github.com",
      "api.github.com",
      "uploads.github.com",
      "gist.github.com",
      "codeload.github.com",
      "raw.githubusercontent.com",
      "objects.githubusercontent.com",
    ],
    owners: true,
    policies: githubRules,
  },
  gitlab: { hosts: ["gitlab.com"], owners: true, policies: gitlabRules },
  npm: readingRules("npm", "publishing to a package registry is for people", [
    '(context.method == "POST" && context.urlPath like "/-/npm/v1/security/*")',
  ]),
  pypi: readingRules("pypi", "publishing to a package index is for people"),
  cargo: readingRules("cargo", "publishing to a package registry is for people"),
  go: readingRules("go", "a module proxy is for reading"),
  apt: readingRules("apt", "a package archive is for reading"),
  anthropic: { hosts: ["api.anthropic.com"], ...anthropicRules },
  openai: { hosts: ["api.openai.com"], ...openaiRules },
  gemini: { hosts: ["generativelanguage.googleapis.com"], ...geminiRules },
};

export const RULE_SET_NAMES = Object.keys(RULE_SETS) as readonly RuleSetName[]; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- it has these keys and no others

/** What a profile says of a rule set. */
export interface RuleSetChoice {
  readonly name: RuleSetName;
  /** Names, and `*.` and a domain; none: the rule set's own, where it has some. */
  readonly hosts: readonly string[];
  /** Organisations, users and groups that may be written to: `acme`, `acme/tools`. */
  readonly owners: readonly string[];
}

/** Why a choice can't be used, in words that follow the rule set's name; undefined when it can. */
export function problemOfRuleSet({ name, hosts, owners }: RuleSetChoice): string | undefined {
  const { hosts: usual, owners: takesOwners } = RULE_SETS[name];
  if (hosts.length === 0 && usual.length === 0) return "needs `hosts`";
  return owners.length > 0 && !takesOwners ? "takes no `owners`: there is nothing of theirs to write to" : undefined;
}

/** The policies of a rule set, as one source that is named after it. */
export function ruleSetPolicies({ name, hosts, owners }: RuleSetChoice): PolicySource {
  const rules = RULE_SETS[name];
  const text = rules.policies({ hosts: hosts.length === 0 ? rules.hosts : hosts, owners });
  return { name: `rules:${name}`, text };
}
