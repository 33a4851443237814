import { inspectHost, type HostFinding } from "@bailiwick/sandbox";
import { paintFor } from "./format.ts";

/** 0: a run can start here. 1: it can't, and why. */
export async function doctorCommand(options: { readonly json?: true }): Promise<number> {
  const findings = await inspectHost();
  const ready = findings.every(({ state }) => state !== "missing");
  if (options.json) process.stdout.write(`${JSON.stringify({ ready, findings })}\n`);
  else process.stdout.write(textOf(findings, ready));
  return ready ? 0 : 1;
}

const MARKS = { present: ["green", "✓"], absent: ["yellow", "–"], missing: ["red", "✗"] } as const;

function textOf(findings: readonly HostFinding[], ready: boolean): string {
  const paint = paintFor(process.stdout, process.env);
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.map(({ what, state, detail, remedy }) => {
    const [colour, mark] = MARKS[state];
    return `${paint(colour, mark)} ${what.padEnd(width)}  ${detail}${remedy === undefined ? "" : `\n  ${" ".repeat(width)}  → ${remedy}`}`;
  });
  const verdict = ready ? "This host can enforce what a run promises." : "Runs can't start on this host.";
  return `${lines.join("\n")}\n\n${verdict}\n`;
}
