import { escapeControls } from "@bailiwick/base";
import type { Refusal } from "../refusals.ts";

function show(text: string): string {
  return escapeControls(text).slice(0, 200);
}

export const sshRefusals = {
  noCommand: (what: string): Refusal => ({
    reason: `a ${show(what)} over SSH`,
    instead: "only git is let through: fetch from and push to the repositories that the profile names",
  }),
  otherCommand: (command: string): Refusal => ({
    reason: `the command over SSH is not one of git's for one repository: \`${show(command)}\``,
    instead: "only git is let through: fetch from and push to the repositories that the profile names",
  }),
  repository: (host: string, service: string, repository: string): Refusal => {
    const verb = service === "git-receive-pack" ? "push" : "fetch";
    return {
      reason: `the profile has no \`${verb}\` of \`${show(repository)}\` under \`[ssh."${host}"]\``,
      instead: `if it is needed, ask for \`${verb} = ["${show(repository)}"]\` there`,
    };
  },
} as const;
