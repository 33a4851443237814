import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "@bailiwick/audit";
import { makeRunId } from "@bailiwick/base";
import { plain } from "../format.ts";
import { WhyIndex, whyLines } from "./why.ts";

const digest = `sha256:${"0".repeat(64)}`;
const base = { v: 1, run: makeRunId(1_700_000_000_000, Buffer.alloc(10, 1)), at: 1_700_000_000_000 } as const;
const decision = { outcome: "allow" as const, policies: [], reason: "", policyDigest: digest };

function exec(id: number, parent: number, argv: string[], more: object = {}): Event {
  const program = { path: `/usr/bin/${argv[0] ?? ""}`, digest };
  return { ...base, type: "exec.allowed", exec: id, parent, pid: 100 + id, asked: "", program, argv: { values: argv }, cwd: "/w", decision, ...more }; // prettier-ignore
}

const STORY: readonly Event[] = [
  exec(1, 0, ["agent"], { origin: { kind: "before" } }),
  { ...base, type: "request.sent", request: 3, connection: 1, host: "model.test", port: 443, method: "POST", path: "/v1/messages", query: [], decision, exec: 1 }, // prettier-ignore
  {
    ...base,
    type: "tool.called",
    call: 1,
    request: 3,
    id: "toolu_1",
    tool: "Bash",
    input: '{"command":"\u001b[2J"}',
    bytes: 20,
    digest,
  },
  exec(2, 1, ["bash", "-c", "x"], { origin: { kind: "call", call: 1 } }),
  { ...base, type: "model.called", request: 3, api: "anthropic-messages", model: "m-1", streamed: true, tokens: { in: 1, cached: 2, written: 3, out: 4 }, cost: { micros: 12_000, currency: "USD" }, prompt: { digest, bytes: 4, text: "go\u202e" }, output: { digest, bytes: 1 }, sent: { digest, bytes: 1 }, received: { digest, bytes: 1 }, calls: 1, complete: true }, // prettier-ignore
  exec(3, 2, ["curl"], { origin: { kind: "call", call: 1 }, pid: 102 }),
  { ...base, type: "exec.ended", exec: 2, wallMs: 1, replacedBy: 3 },
  {
    ...base,
    type: "connection.opened",
    connection: 2,
    host: "api.test",
    port: 443,
    exec: 3,
    decision,
    address: "203.0.113.1",
  },
  exec(4, 1, ["git"], { origin: { kind: "unexplained" } }),
];

const index = new WhyIndex();
for (const event of STORY) index.add(event);
const textOf = (asked: string): string[] => index.find(asked).flatMap((why) => whyLines(why, plain));

test("from the prompt to the connection, with nothing that moves a cursor", () => {
  const lines = textOf("exec:3").map((line) => line.replace(/\d\d:\d\d:\d\d/, "TIME"));
  assert.deepEqual(lines, [
    `prompt    “go\\u{202e}” (${digest}, 4 bytes)`,
    "model     TIME m-1 answered: 6 tokens in (2 cached), 4 out, 0.0120 USD, 1 call (model.test, request 3)",
    `output    ${digest}, 1 byte`,
    'call      call 1: Bash {"command":"\\x1b[2J"}  toolu_1',
    "started by exec 1: agent",
    "started by exec 2: bash -c x",
    "process   exec 3, pid 102: ✓ curl",
    `file      /usr/bin/curl ${digest}`,
    "reached   ⇄ api.test:443",
  ]);
});

test("a process that went on as another program is told once, as the last", () => {
  assert.deepEqual(
    index.find("102").map(({ exec: { exec: id } }) => id),
    [3],
  );
});

test("what no call explains is said so", () => {
  assert.match(textOf("exec:4").join("\n"), /call {6}none explains it/);
  assert.match(textOf("exec:1").join("\n"), /call {6}none: it started before any model had called a tool/);
  assert.deepEqual([textOf("exec:99"), textOf("x"), textOf("")], [[], [], []]);
});
