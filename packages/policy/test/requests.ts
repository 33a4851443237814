/** Requests for this package's tests. */
import type { ConnectRequest, ExecRequest, ProgramFacts, RunFacts } from "../src/types.ts";

export const RUN: RunFacts = {
  runId: "01jd0000000000000000000000",
  user: "ada",
  agent: "claude-code",
  project: "/home/ada/work",
  profile: "standard",
};

export function program(name: string, facts: Partial<ProgramFacts> = {}): ProgramFacts {
  return {
    path: `/usr/bin/${name}`,
    names: [name],
    digest: `sha256:${"0".repeat(64)}`,
    memfd: false,
    inWorkspace: false,
    ...facts,
  };
}

export function exec(argv: readonly string[], changes: Partial<ExecRequest> = {}): ExecRequest {
  return {
    action: "exec",
    run: RUN,
    links: [{ program: program(argv[0] ?? ""), argv }],
    cwd: RUN.project,
    labels: [],
    timeMs: 1_800_000_000_000,
    approved: false,
    ...changes,
  };
}

export function connect(host: string, port: number, changes: Partial<ConnectRequest> = {}): ConnectRequest {
  return {
    action: "connect",
    run: RUN,
    host,
    port,
    labels: [],
    timeMs: 1_800_000_000_000,
    approved: false,
    ...changes,
  };
}
