/** What is promised of each figure that a bench module returns. Ratios compare within one run on one machine; times do not travel. */
export interface Promised {
  readonly figure: string;
  readonly relation: "<=" | ">=";
  readonly bound: number;
  readonly what: string;
}

export const PROMISES: readonly Promised[] = [
  {
    figure: "launch.launcher/bwrap",
    relation: "<=",
    bound: 0.9,
    what: "launcher alone against bubblewrap with the same view",
  },
  { figure: "launch.run/node", relation: "<=", bound: 4, what: "`bailiwick run -- true` against `node -e 0`" },
  {
    figure: "launch.run/srt",
    relation: "<=",
    bound: 0.4,
    what: "`bailiwick run -- true` against sandbox-runtime's command",
  },
  {
    figure: "supervision.loop",
    relation: "<=",
    bound: 1.25,
    what: "bash loop of 1,000 x /bin/true, supervised against not",
  },
  { figure: "supervision.make", relation: "<=", bound: 1.03, what: "make of a C project, supervised against not" },
  { figure: "supervision.npm", relation: "<=", bound: 1.03, what: "npm run, supervised against not" },
  { figure: "supervision.git", relation: "<=", bound: 1.03, what: "a git script, supervised against not" },
  {
    figure: "egress.throughput/srt",
    relation: ">=",
    bound: 2,
    what: "TCP through the gateway against sandbox-runtime",
  },
  {
    figure: "egress.throughput/direct",
    relation: ">=",
    bound: 0.25,
    what: "TCP through the gateway against direct loopback",
  },
  { figure: "egress.connect-ms-p50", relation: "<=", bound: 0.7, what: "connect and first byte, milliseconds" },
  { figure: "egress.connections-per-second", relation: ">=", bound: 1000, what: "connections a second" },
  { figure: "policy.decide-us-p50/10", relation: "<=", bound: 50, what: "decision with 10 policies, microseconds" },
  { figure: "policy.decide-us-p99/10", relation: "<=", bound: 1000, what: "decision with 10 policies, microseconds" },
  {
    figure: "policy.decide-us-p50/5000",
    relation: "<=",
    bound: 50,
    what: "decision with 5,000 policies, microseconds",
  },
  {
    figure: "policy.decide-us-p99/5000",
    relation: "<=",
    bound: 1000,
    what: "decision with 5,000 policies, microseconds",
  },
  { figure: "audit.events-per-second", relation: ">=", bound: 60_000, what: "events of 500 bytes recorded a second" },
  {
    figure: "audit.append-ms-p99/20000",
    relation: "<=",
    bound: 40,
    what: "until an event is durable, at 20,000 events a second, milliseconds",
  },
  {
    figure: "memory.supervisor-mb",
    relation: "<=",
    bound: 120,
    what: "supervisor (Node and launcher) over 100,000 processes",
  },
  {
    figure: "proof.make-ms-p50/10M",
    relation: "<=",
    bound: 5,
    what: "proof of one of 10 million entries, milliseconds",
  },
  {
    figure: "proof.make-ms-p99/10M",
    relation: "<=",
    bound: 20,
    what: "proof of one of 10 million entries, milliseconds",
  },
  { figure: "proof.check-ms-p50", relation: "<=", bound: 2, what: "check of a proof file, milliseconds" },
];
