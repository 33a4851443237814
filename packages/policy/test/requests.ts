/** Requests for this package's tests. */
import type { ConnectRequest, ExecRequest, HttpRequest, ProgramFacts, RunFacts } from "../src/types.ts";

export const RUN: RunFacts = {
  runId: "01jd0000000000000000000000",
  user: "ada",
  agent: "claude-code",
  project: "/home/ada/work",
  profile: "standard",
  labels: [],
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
    leak: { kinds: [], toModel: false },
    timeMs: 1_800_000_000_000,
    approved: false,
    ...changes,
  };
}

export function http(method: string, host: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  return {
    action: "httpRequest",
    run: RUN,
    host,
    port: 443,
    secure: true,
    method,
    paths: [["repos", "acme", "x"]],
    query: [],
    headers: [["accept", "*/*"]],
    sizeBytes: -1,
    credential: "",
    program: "/usr/bin/git",
    leak: { kinds: [], toModel: false },
    timeMs: 1_800_000_000_000,
    approved: false,
    ...changes,
  };
}
