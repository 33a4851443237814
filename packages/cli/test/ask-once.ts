/** Asks one question at the terminal and prints the answer; a program of its own, so that a test can give it a terminal. */
import { TerminalApprover } from "../src/run/terminal-approver.ts";

const [patienceMs = "60000", settleMs = "0"] = process.argv.slice(2);
const approver = new TerminalApprover({
  by: "sam",
  path: "/dev/tty",
  patienceMs: Number(patienceMs),
  settleMs: Number(settleMs),
  color: false,
});
const digest = `sha256:${"ab".repeat(32)}`;
const controller = new AbortController();
process.on("SIGUSR1", () => {
  controller.abort();
});
const answer = await approver.ask(
  {
    kind: "exec",
    exec: 1,
    pid: 100,
    argv: ["git", "push", "--force"],
    cwd: "/w",
    files: [{ path: "/usr/bin/git", digest }],
    decision: {
      outcome: "ask",
      policies: ["p"],
      reason: "why",
      instead: undefined,
      approver: "operator",
      policyDigest: digest,
      scope: "exact",
      failure: undefined,
    },
  },
  controller.signal,
);
process.stdout.write(`ANSWER ${answer}\n`);
