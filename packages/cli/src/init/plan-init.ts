import { existsSync } from "node:fs";
import { join } from "node:path";
import { adapterFor, type Adapter } from "@bailiwick/agents";
import { locateProject, resolveWorkspace } from "@bailiwick/sandbox";
import type { Findings, Surroundings } from "./findings.ts";
import { findGitRemotes } from "./git-remotes.ts";
import { findGo, GO_FILES } from "./go-project.ts";
import { hostsOf } from "./hosts.ts";
import { findJava, JAVA_FILES } from "./java-project.ts";
import { findNode, NODE_FILES } from "./node-project.ts";
import { findPython, PYTHON_FILES } from "./python-project.ts";
import { renderPolicy, renderPolicyTests } from "./render-policy.ts";
import { renderProfile } from "./render-profile.ts";
import { findRust, RUST_FILES } from "./rust-project.ts";

export interface InitRequest extends Surroundings {
  /** `bailiwick` in the person's configuration directory. */
  readonly configDirectory: string;
  readonly stateDirectory: string;
}

export interface InitPlan {
  /** The project, links resolved. */
  readonly directory: string;
  /** `Node`, `Python`, … as recognised by their files. */
  readonly kinds: readonly string[];
  readonly files: readonly { readonly path: string; readonly content: string }[];
  /** Hosts that the profile allows, and why; for the person to look at. */
  readonly hosts: readonly { readonly host: string; readonly reasons: readonly string[] }[];
  readonly notes: readonly string[];
}

const KINDS: readonly (readonly [name: string, files: readonly string[], find: (where: Surroundings) => Findings])[] = [
  ["Node", NODE_FILES, findNode],
  ["Python", PYTHON_FILES, findPython],
  ["Go", GO_FILES, findGo],
  ["Rust", RUST_FILES, findRust],
  ["Java", JAVA_FILES, findJava],
];

/** The programs of the agents that are known. */
export const AGENT_PROGRAMS = ["claude", "codex", "gemini", "opencode"] as const;

/**
 * Looks at a project and at the person's tools, and says what profile and policies would suit them; writes nothing. The files are in the
 * person's configuration: in the project a run could change them.
 * @throws SandboxError SANDBOX_WORKSPACE_REFUSED for a directory that no run may have
 */
export function planInit(request: InitRequest): InitPlan {
  const { home, stateDirectory, configDirectory } = request;
  const directory = resolveWorkspace(request.directory, { personHome: home, stateDirectory });
  const where = { ...request, directory };
  const found = KINDS.filter(([, files]) => files.some((name) => existsSync(join(directory, name))));
  const remotes = findGitRemotes(directory);
  const agents = findAgents(request.environment["PATH"] ?? "");
  const { hosts, notes } = hostsOf([
    ...agents.map(agentFindings),
    ...found.map(([, , find]) => find(where)),
    { tool: "git", sources: remotes.filter(({ url }) => /^https?:/.test(url)), notes: sshNotes(remotes) },
  ]);
  const kinds = found.map(([name]) => name);
  const { profile, policy } = locateProject(configDirectory, directory);
  const project = { directory, kinds, hosts, notes, agents };
  return {
    directory,
    kinds,
    hosts,
    notes,
    files: [
      { path: profile, content: renderProfile(project) },
      { path: policy, content: renderPolicy() },
      { path: policy.replace(/\.cedar$/, ".test.toml"), content: renderPolicyTests() },
    ],
  };
}

function findAgents(path: string): readonly Adapter[] {
  const entries = path.split(":").filter((entry) => entry.startsWith("/"));
  return AGENT_PROGRAMS.flatMap((name) => {
    const file = entries.map((entry) => join(entry, name)).find((each) => existsSync(each));
    return file === undefined ? [] : [adapterFor([name], file)];
  });
}

function agentFindings(agent: Adapter): Findings {
  const sources = agent.hosts
    .filter(({ need }) => need === "model")
    .map(({ name, port, why }) => ({ url: `https://${name}:${String(port)}`, from: why }));
  return { tool: agent.title, sources, notes: [] };
}

function sshNotes(remotes: readonly { readonly url: string }[]): readonly string[] {
  return remotes.some(({ url }) => url.startsWith("ssh:"))
    ? ["git's remote is reached by SSH, and no SSH key is visible in a run: push and fetch outside, or use HTTPS"]
    : [];
}
