import { RULE_SET_NAMES, type RuleSetName } from "@bailiwick/policy";
import { list, table, word, type Form } from "./form.ts";
import { inspectedHost } from "./words.ts";

const owner = word({ description: "organisation, user or group", examples: ["acme", "acme/tools"] }, (text, wrong) => {
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/.test(text)) return text;
  throw wrong("is not the name of an owner", "write it as in the path of a repository");
});

export const ruleSetName: Form<RuleSetName> = word(
  { enum: RULE_SET_NAMES, description: "name of a rule set" },
  (text, wrong) => {
    const found = RULE_SET_NAMES.find((name) => name === text);
    if (found !== undefined) return found;
    throw wrong("is no rule set", `there are ${RULE_SET_NAMES.map((name) => `\`${name}\``).join(", ")}`);
  },
);

export const ruleSetForm = table(
  {
    hosts: list(inspectedHost, "The hosts that it is about; the usual ones, if not said."),
    owners: list(owner, "Who may be written to; nobody, if not said."),
  },
  "A rule set.",
);
