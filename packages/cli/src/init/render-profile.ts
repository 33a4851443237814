import type { Adapter } from "@bailiwick/agents";
import { escapeControls } from "@bailiwick/base";
import type { WantedHost } from "./hosts.ts";

export interface Project {
  readonly directory: string;
  readonly kinds: readonly string[];
  readonly hosts: readonly WantedHost[];
  readonly notes: readonly string[];
  readonly agents: readonly Adapter[];
}

/** A profile with a comment on each line that permits something: what it is for, and where that was found. */
export function renderProfile({ directory, kinds, hosts, notes, agents }: Project): string {
  const credentials = [...new Set(agents.flatMap((agent) => agent.credentials))];
  return `# Profile of Bailiwick for ${comment(directory)}${kinds.length === 0 ? "" : ` (${kinds.join(", ")})`}
# It is used by \`bailiwick run\` in that directory. It stands here and not there, because a run could change it there.
# Look at what it permits: some of it was read from files of the project. Every key: docs/schema/profile.v1.json
extends = "standard" # no host is reachable, secrets read as empty, what runs later is read-only

[filesystem]
# Beside the workspace, which the standard profile lets a run write:
# read = ["~/other-project"]
# write = ["~/shared-output"]
# mask = ["settings.local.json"] # more names that read as empty; "!.env.test" takes one out
# protect = ["deploy/"]          # more paths that can't be changed

[network]
# Nothing else is reachable, and no other name is resolved.
allow = [
${hosts.map(({ host, reasons }) => `  "${host}", # ${reasons.map(comment).join("; ")}\n`).join("")}]
${notes.map((note) => `# ${comment(note)}\n`).join("")}
# A service of this machine or of a private network has a name and a static address:
# [network.hosts]
# "db.test" = "127.0.0.1"
${rules(hosts)}
[environment]
# Variables of yours that a run gets beside TERM, LANG and the like. What a run gets it can send to every host above.
pass = [${credentials.length === 0 ? "" : `\n${credentials.map((name) => `  # "${name}",\n`).join("")}`}]

[home]
# The run has a home of its own, which is kept: log in inside once. It starts with these files of yours, never with secrets.
seed = [${[...new Set(agents.flatMap((agent) => agent.seed))].map((name) => JSON.stringify(name)).join(", ")}]

[limits]
# wall = "2h"
# memory = "8GiB"
`;
}

/** The rule set of each tool's protocol; git's needs to know whose repositories may be pushed to. */
const RULE_SETS: Readonly<Record<string, string>> = { npm: "npm", pip: "pypi", cargo: "cargo", go: "go" };

function rules(hosts: readonly WantedHost[]): string {
  const sets = Object.entries(RULE_SETS).flatMap(([tool, name]) => {
    const names = hosts.filter(({ tools }) => tools.includes(tool)).map(({ host }) => host.replace(/:\d+$/, ""));
    if (names.length === 0) return [];
    return [`# [network.rules.${name}]\n# hosts = [${[...new Set(names)].map((each) => `"${each}"`).join(", ")}]\n`];
  });
  return sets.length === 0 ? "" : `# Packages are installed and never published: docs/inspection.md\n${sets.join("")}`;
}

/** On one line, and nothing that a terminal would obey. */
function comment(text: string): string {
  return escapeControls(text.toWellFormed());
}
