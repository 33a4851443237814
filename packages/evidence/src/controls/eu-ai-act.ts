import type { Framework } from "./control.ts";

export const EU_AI_ACT: Framework = {
  name: "EU AI Act",
  edition: "Regulation (EU) 2024/1689",
  note: "These articles bind providers and deployers of high-risk AI systems. Whether yours is one is a legal question that no record answers.",
  controls: [
    {
      id: "Article 12",
      about: "automatic recording of events over the system's lifetime",
      evidence: ["runs", "commands", "connections", "recordings", "ends", "integrity"],
      shows:
        "What an agent did is recorded automatically, with the beginning and end of each use, and cannot be changed quietly.",
      notShown: "Events inside the model, and uses outside governed runs.",
    },
    {
      id: "Article 14",
      about: "oversight by people",
      evidence: ["approvals", "refused-commands", "ends"],
      shows: "Actions that policy reserves for people waited for a person's answer; a run can be ended at any time.",
      notShown: "That those people were competent, trained and attentive.",
    },
    {
      id: "Article 15",
      about: "robustness and cybersecurity",
      evidence: ["enforcement", "refused-commands", "refused-hosts", "tampering"],
      shows: "An agent that was led astray met a boundary that does not depend on it.",
      notShown: "Accuracy of the model, and its resistance to manipulated input.",
    },
    {
      id: "Article 19",
      about: "keeping of automatically generated logs by providers",
      evidence: ["runs", "erasures", "integrity"],
      shows: "The logs of the period are there and whole; what was erased is said.",
      notShown: "Retention from here on.",
    },
    {
      id: "Article 26(5)",
      about: "monitoring of the operation by deployers",
      evidence: ["runs", "refused-commands", "refused-hosts"],
      shows: "Each use can be followed and looked at afterwards.",
      notShown: "That it was, and that providers and authorities were informed where they had to be.",
    },
    {
      id: "Article 26(6)",
      about: "keeping of logs by deployers for at least six months",
      evidence: ["runs", "erasures", "integrity"],
      shows: "The logs of the period are there; the first and the last entry have their times.",
      notShown: "Retention from here on.",
    },
  ],
};
