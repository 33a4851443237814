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
  {
    figure: "inspect.http1/direct",
    relation: ">=",
    bound: 0.3,
    what: "an HTTP/1.1 stream that is looked into, against TLS straight to the server",
  },
  {
    figure: "inspect.http2/direct",
    relation: ">=",
    bound: 0.3,
    what: "an HTTP/2 stream that is looked into, against TLS straight to the server",
  },
  {
    figure: "inspect.model/other",
    relation: ">=",
    bound: 0.5,
    what: "a model's stream, which is read, against the same that is not",
  },
  {
    figure: "leaks.text-megabytes-per-second",
    relation: ">=",
    bound: 100,
    what: "clean text, looked at for secrets on one core, a second",
  },
  {
    figure: "inspect.warm-added-ms-p50",
    relation: "<=",
    bound: 1,
    what: "added to a request on an open connection, milliseconds",
  },
  {
    figure: "inspect.first-added-ms-p50",
    relation: "<=",
    bound: 5,
    what: "added to the first request of a connection, milliseconds",
  },
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
    figure: "audit.verified-per-second",
    relation: ">=",
    bound: 200_000,
    what: "entries with their personal members verified a second",
  },
  {
    figure: "proof.open/10M-to-10k",
    relation: "<=",
    bound: 1.2,
    what: "opening a log of 10 million entries against one of 10 thousand",
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
  {
    figure: "recording.terminal/not-recorded",
    relation: "<=",
    bound: 1.25,
    what: "120 MB of output at a terminal, recorded against not",
  },
  {
    figure: "recording.slow-terminal/not-recorded",
    relation: "<=",
    bound: 1.05,
    what: "the same before a terminal that takes 4 MB/s",
  },
  {
    figure: "recording.redaction-mb-per-second/plain",
    relation: ">=",
    bound: 10,
    what: "output of a build looked through for secrets, MB/s",
  },
  {
    figure: "server.stream-ms-p99/1000-hosts",
    relation: "<=",
    bound: 1_000,
    what: "from when a host has an event to who watches, milliseconds",
  },
  {
    figure: "server.lost-or-doubled/killed",
    relation: "<=",
    bound: 0,
    what: "hosts of 1,000 whose log the database has not byte for byte, server and database killed twice",
  },
  { figure: "server.stream-gaps/killed", relation: "<=", bound: 0, what: "events missed or seen twice over that" },
  {
    figure: "server.list-ms-p99/10M",
    relation: "<=",
    bound: 200,
    what: "list of runs at 10 million events, milliseconds",
  },
  {
    figure: "server.search-ms-p99/10M",
    relation: "<=",
    bound: 200,
    what: "search at 10 million events, of much, little and nothing to find, milliseconds",
  },
  {
    figure: "server.read-ms-p99/10M",
    relation: "<=",
    bound: 200,
    what: "page of a run's events at 10 million, milliseconds",
  },
  {
    figure: "server.question-to-approver-ms-p50",
    relation: "<=",
    bound: 500,
    what: "from the exec that asks to the approver's list, milliseconds",
  },
  {
    figure: "server.answer-to-process-ms-p50",
    relation: "<=",
    bound: 200,
    what: "from the answer to the process having gone on, milliseconds",
  },
  {
    figure: "server.kill-switch-ms",
    relation: "<=",
    bound: 2_000,
    what: "from the order to three runs having ended, milliseconds",
  },
  {
    figure: "server.events-per-second/1000-hosts",
    relation: ">=",
    bound: 15_000,
    what: "events a second, 1,000 hosts on the server's own machine",
  },
  {
    figure: "console.frame-ms-p95/10k-runs",
    relation: "<=",
    bound: 32,
    what: "scrolling through a list of 10,000 runs, on an idle machine",
  },
  {
    figure: "console.frame-ms-p95/1M-events",
    relation: "<=",
    bound: 32,
    what: "scrolling through a run of a million events, on an idle machine",
  },
];
