import type { Framework } from "./control.ts";

export const SOC2: Framework = {
  name: "SOC 2",
  edition: "AICPA Trust Services Criteria 2017, with the points of focus of 2022",
  note: "The criteria are about your organisation's controls; this archive is evidence for those that concern coding agents, and for nothing else.",
  controls: [
    {
      id: "CC6.1",
      about: "logical access to protected information",
      evidence: ["enforcement", "refused-commands", "refused-hosts"],
      shows:
        "Each run's boundary was applied by the kernel before its first command, layer by layer; what lay outside was refused.",
      notShown: "Who may start runs on a host, and how people authenticate to it: that is the host's access control.",
    },
    {
      id: "CC6.3",
      about: "access by role and least privilege",
      evidence: ["policies", "approvals", "refused-commands"],
      shows:
        "Each run names the profile and the policies, by digest, under which it ran; actions that needed a person have their answer.",
      notShown: "Whether the profile was the narrowest that the work needed, and who reviewed it.",
    },
    {
      id: "CC6.6",
      about: "threats from outside the boundary",
      evidence: ["connections", "refused-hosts"],
      shows: "Only named hosts were reached; every other name was refused before it was resolved.",
      notShown: "Network protection of the host itself.",
    },
    {
      id: "CC6.7",
      about: "transmission and removal of information",
      evidence: ["connections", "refused-hosts", "requests", "refused-requests", "misused-credentials", "leaks"],
      shows: "Every connection has its host, port, times and number of bytes.",
      notShown: "What was in the bytes that went to a permitted host, unless that host was inspected.",
    },
    {
      id: "CC6.8",
      about: "unauthorised or malicious software",
      evidence: ["commands", "refused-commands", "tampering"],
      shows: "Every program that started is recorded with the digest of its file and the decision about it.",
      notShown: "What a permitted interpreter did within its own process.",
    },
    {
      id: "CC7.2",
      about: "monitoring for anomalies",
      evidence: ["refused-commands", "refused-hosts", "tampering", "interruptions", "budgets"],
      shows: "Refusals, tampering and interruptions are recorded as they happen.",
      notShown: "That somebody looked at them, and when.",
    },
    {
      id: "CC7.3",
      about: "evaluation of security events",
      evidence: ["refused-commands", "tampering", "ends"],
      shows: "Each event names the policy and the reason, and the command that caused it.",
      notShown: "Your evaluation, and what followed from it.",
    },
    {
      id: "CC8.1",
      about: "changes to software and data",
      evidence: ["file-changes", "approvals"],
      shows: "Each run names the files of the workspace that it changed.",
      notShown: "Review, test and approval of those changes: that is in your version control.",
    },
  ],
};
