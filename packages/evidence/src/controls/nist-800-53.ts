import type { Framework } from "./control.ts";

export const NIST_800_53: Framework = {
  name: "NIST SP 800-53",
  edition: "Revision 5",
  note: "Which controls and enhancements apply depends on your baseline and its tailoring.",
  controls: [
    {
      id: "AC-3",
      about: "access enforcement",
      evidence: ["enforcement", "refused-commands", "refused-hosts"],
      shows:
        "Decisions were enforced by the kernel and by the only way out, and refusals took effect before the action.",
      notShown: "Access enforcement for people.",
    },
    {
      id: "AC-4",
      about: "information flow enforcement",
      evidence: ["connections", "refused-hosts", "requests", "refused-requests", "misused-credentials", "leaks"],
      shows: "Information could flow to named hosts and ports only.",
      notShown: "Content of what flowed to permitted hosts, unless they were inspected.",
    },
    {
      id: "AC-6",
      about: "least privilege",
      evidence: ["enforcement", "policies"],
      shows: "Agents had no capabilities, a private home, and what their profile names.",
      notShown: "That the profile was as narrow as it could be.",
    },
    {
      id: "AU-2",
      about: "events that are logged",
      evidence: ["runs", "commands", "connections", "approvals", "file-changes", "recordings"],
      shows: "Starts, programs, decisions, approvals, connections, changed files and ends are logged.",
      notShown: "Your rationale for the selection, and its review.",
    },
    {
      id: "AU-3",
      about: "content of audit records",
      evidence: ["commands", "refused-commands"],
      shows:
        "Each entry says what, when, where, by which run of which person, with which outcome and under which policy.",
      notShown: "Identity beyond the host's account name.",
    },
    {
      id: "AU-8",
      about: "time stamps",
      evidence: ["runs", "witnesses"],
      shows: "Entries carry the host's time; witnesses' cosignatures bound it.",
      notShown: "Accuracy of the host's clock.",
    },
    {
      id: "AU-9",
      about: "protection of audit information, with (3) cryptographic protection",
      evidence: ["integrity", "witnesses", "key-rotations"],
      shows: "The log is append-only and signed; editing, deletion, reordering, truncation and forks are detected.",
      notShown: "Access rights to the files of the record on the host.",
    },
    {
      id: "AU-10",
      about: "non-repudiation",
      evidence: ["integrity", "approvals"],
      shows: "Approvals are bound to arguments, directory, file digests and policies, under the log's signature.",
      notShown: "That the person at the keyboard was the person whose account it was.",
    },
    {
      id: "AU-11",
      about: "retention of audit records",
      evidence: ["runs", "erasures"],
      shows: "The period's entries are there; what was erased, by whom and why is an entry.",
      notShown: "Retention from here on.",
    },
    {
      id: "AU-12",
      about: "generation of audit records",
      evidence: ["runs", "ends", "interruptions"],
      shows: "A run without a record does not start, and is held while the record cannot be written.",
      notShown: "Hosts on which agents run without Bailiwick.",
    },
    {
      id: "SC-7",
      about: "boundary protection",
      evidence: ["connections", "refused-hosts", "enforcement"],
      shows: "All traffic of a run passed one gateway that denies by default.",
      notShown: "The boundary of the host's own network.",
    },
    {
      id: "SC-39",
      about: "process isolation",
      evidence: ["enforcement"],
      shows: "Each run had namespaces, system call filter and access rules of its own.",
      notShown: "Vulnerabilities of the kernel.",
    },
    {
      id: "SI-4",
      about: "system monitoring",
      evidence: ["refused-commands", "refused-hosts", "tampering", "interruptions"],
      shows: "Attempts to leave the boundary were seen, refused and recorded.",
      notShown: "Analysis and response by people.",
    },
    {
      id: "SI-7",
      about: "integrity of software and information",
      evidence: ["commands", "tampering", "integrity"],
      shows: "Programs are recorded by the digest of what the kernel really ran; a difference ended the run.",
      notShown: "Where the programs came from.",
    },
  ],
};
