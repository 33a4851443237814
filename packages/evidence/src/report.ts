/** What a person is to read of the facts. */
import type { EventOf, LoggedEvent } from "@bailiwick/audit";
import { escapeControls, formatAskedHost, formatCommand } from "@bailiwick/base";
import type { Control } from "./controls/control.ts";
import { FRAMEWORKS, type FrameworkName } from "./controls/frameworks.ts";
import { heading, list, table, text, title, utc, type Block } from "./document.ts";
import { EXAMPLES, foundOf, isVerified, type Facts, type Kept, type RunFacts } from "./facts.ts";
import { limitsOf } from "./limits.ts";

/** Rows of a table in the report; all of them are in the data. */
const ROWS = 500;
const COMMAND_CHARACTERS = 160;

export function reportOf(facts: Facts, frameworks: readonly FrameworkName[]): readonly Block[] {
  return [
    ...opening(facts),
    heading("What the record cannot show"),
    list(limitsOf(facts)),
    ...frameworks.flatMap((name) => frameworkBlocks(facts, name)),
    ...runBlocks(facts),
    ...approvalBlocks(facts),
    ...refusalBlocks(facts),
    ...enforcementBlocks(facts),
    ...checkingBlocks(facts),
  ];
}

function opening(facts: Facts): Block[] {
  const { period, project, logs, runs, order } = facts;
  const people = new Set(runs.flatMap(({ started }) => (started?.user ? [`${started.user}@${started.hostname}`] : [])));
  const agents = new Set(runs.flatMap(({ started }) => started?.agent ?? []));
  const counts = (["commands", "refused-commands", "approvals", "connections", "refused-hosts"] as const).map(
    (kind) => [LABELS[kind], String(foundOf(facts, kind).count)],
  );
  const [only] = logs;
  const whole =
    order === undefined ? "verified: whole, in order and signed" : "verified: what is here is what was signed";
  return [
    title("Evidence of agent runs"),
    table({ "": 1, " ": 3 }, [
      ["period", `${utc(period.from)} to ${utc(period.to)} UTC`],
      ["project", project === undefined ? "all" : escapeControls(project)],
      ...(order === undefined
        ? [
            ["log", escapeControls(only?.verification.origin ?? "unknown")],
            ["tree head", headText(only?.verification.head)],
          ]
        : [
            ["made for", escapeControls(order.by)],
            ["because", escapeControls(order.reason)],
            ["hosts", String(logs.length)],
          ]),
      ["record", isVerified(facts) ? whole : "NOT VERIFIED; see below"],
      ["runs", String(runs.length)],
      ["by", [...people].map(escapeControls).join(", ") || "nobody known"],
      ["agents", [...agents].map(escapeControls).join(", ")],
      ...counts,
      ["made", `${utc(facts.madeAt)} UTC by Bailiwick ${facts.version}`],
    ]),
    ...(order === undefined ? [] : hostBlocks(facts)),
  ];
}

function headText(head: Facts["logs"][number]["verification"]["head"]): string {
  return head === undefined ? "none" : `${String(head.size)} ${head.root}`;
}

/** Of an archive of several hosts: an entry is named by its host and its place in that host's log. */
function hostBlocks({ logs }: Facts): Block[] {
  const rows = logs.map(({ host, key, verification: { head, ok, problems } }) => [
    host ?? "",
    headText(head),
    escapeControls(key),
    ok ? "verified" : (problems[0]?.detail ?? "NOT VERIFIED"),
  ]);
  return [heading("The hosts’ records"), table({ host: 2, "tree head": 3, key: 4, record: 2 }, rows)];
}

const LABELS = {
  runs: "runs",
  policies: "policies in force",
  enforcement: "enforcement statements",
  commands: "commands allowed",
  "refused-commands": "commands refused",
  approvals: "answers by people",
  connections: "connections",
  "refused-hosts": "hosts refused",
  requests: "requests looked into",
  "refused-requests": "requests refused",
  "misused-credentials": "credentials misused",
  models: "answers of models",
  "tool-calls": "calls of tools by models",
  budgets: "budgets spent",
  leaks: "secrets and code found in what was sent",
  "file-changes": "reports of changed files",
  recordings: "recordings of terminals",
  tampering: "tampering",
  witnesses: "witnessed heads",
  interruptions: "interruptions",
  ends: "ends of runs",
  erasures: "erasures",
  "key-rotations": "changes of the log's key",
  integrity: "the record verifies",
} as const;

function frameworkBlocks(facts: Facts, name: FrameworkName): Block[] {
  const { name: called, edition, note, controls } = FRAMEWORKS[name];
  const rows = controls.map((control) => [
    `${control.id}: ${control.about}`,
    control.shows,
    control.evidence.map((kind) => evidenceText(facts, kind)).join("; "),
    control.notShown,
  ]);
  return [
    heading(`${called} (${edition})`),
    text(note),
    table({ control: 2, "what Bailiwick does": 3, "evidence: how many, and entries": 3, "not shown": 3 }, rows),
  ];
}

/** Absence of evidence is said as such. */
function evidenceText(facts: Facts, kind: Control["evidence"][number]): string {
  if (kind === "integrity") return isVerified(facts) ? "the record verifies" : "the record does NOT verify";
  const { count, entries } = foundOf(facts, kind);
  if (count === 0) return `${LABELS[kind]}: none in this period`;
  const more = count > EXAMPLES ? ", …" : "";
  return `${LABELS[kind]}: ${String(count)} (${entries.join(", ")}${more})`;
}

function runBlocks({ runs }: Facts): Block[] {
  const rows = runs
    .slice(0, ROWS)
    .map(({ summary, started }) => [
      `${utc(summary.started?.at ?? 0)} ${summary.run}`,
      started?.user ? escapeControls(`${started.user}@${started.hostname}`) : "erased",
      escapeControls([started?.agent ?? "", ...(started?.labels ?? [])].join(", ")),
      started?.user ? formatCommand(started.command.values, COMMAND_CHARACTERS) : "erased",
      started === undefined
        ? ""
        : `${escapeControls(started.profile.name)} ${short(started.profile.digest)}, policies ${short(started.policyDigest)}`,
      resultOf(summary.ended),
    ]);
  const columns = { "start, run": 3, who: 2, "agent, labels": 2, command: 4, "profile and policies": 3, end: 2 };
  return [heading("Who ran what, under which policy"), table(columns, rows), ...left(runs.length)];
}

function resultOf(ended: RunFacts["summary"]["ended"]): string {
  return ended === undefined ? "no end" : `${ended.reason}, status ${String(ended.status)}`;
}

function short(digest: string): string {
  return digest.replace(/^sha256:/, "").slice(0, 12);
}

function approvalBlocks({ runs }: Facts): Block[] {
  const all = runs.flatMap(({ approvals, ...run }) => approvals.first.map((logged) => ({ logged, run })));
  const rows = all.slice(0, ROWS).flatMap(({ logged: { index, event, erased }, run }) => {
    if (event.type !== "approval") return [];
    const what = erased ? "" : askedText(event, run.asked);
    return [
      [utc(event.at), entryText(run.host, index), erased ? "erased" : escapeControls(event.by), event.answer, what],
    ];
  });
  if (rows.length === 0) return [heading("Answers by people"), text("Nothing was asked in this period.")];
  return [
    heading("Answers by people"),
    table({ when: 2, entry: 1, by: 2, answer: 1, "asked about": 5 }, rows),
    ...left(sumOf(runs, ({ approvals }) => approvals)),
  ];
}

function entryText(host: string | undefined, index: number): string {
  return host === undefined ? String(index) : `${host} ${String(index)}`;
}

function sumOf(runs: Facts["runs"], kept: (run: RunFacts) => Kept): number {
  return runs.reduce((sum, run) => sum + kept(run).indexes.length, 0);
}

function askedText({ about, exec }: EventOf<"approval">, asked: Facts["runs"][number]["asked"]): string {
  if (about !== undefined) {
    const line = formatAskedHost(about);
    return line.length > COMMAND_CHARACTERS ? `${line.slice(0, COMMAND_CHARACTERS)}…` : line;
  }
  const command = exec === undefined ? undefined : asked.get(exec);
  return command === undefined ? "" : formatCommand(command, COMMAND_CHARACTERS);
}

function refusalBlocks({ runs }: Facts): Block[] {
  const all = runs.flatMap(({ refusals, host }) => refusals.first.map((logged) => ({ logged, host })));
  if (all.length === 0) return [heading("What was refused"), text("Nothing was refused in this period.")];
  const rows = all.slice(0, ROWS).flatMap(({ logged, host }) => refusalRow(logged, host));
  return [
    heading("What was refused"),
    table({ when: 2, entry: 1, what: 4, policy: 2, reason: 3 }, rows),
    ...left(sumOf(runs, ({ refusals }) => refusals)),
  ];
}

function refusalRow({ index, event, erased }: LoggedEvent, host: string | undefined): string[][] {
  if (event.type !== "exec.refused" && event.type !== "host.refused" && event.type !== "request.refused") return [];
  const { policies, reason } = event.decision;
  return [
    [
      ...[utc(event.at), entryText(host, index), erased ? "erased" : refusedText(event)],
      ...[policies.join(", "), escapeControls(reason)],
    ],
  ];
}

function refusedText(event: EventOf<"exec.refused" | "host.refused" | "request.refused">): string {
  if (event.type === "exec.refused") return formatCommand(event.argv.values, COMMAND_CHARACTERS);
  // A name that was not even resolved has no port yet.
  const host = event.port === 0 ? event.host : `${event.host}:${String(event.port)}`;
  const whole = escapeControls(event.type === "host.refused" ? host : `${event.method} ${host}${event.path}`);
  return whole.length > COMMAND_CHARACTERS ? `${whole.slice(0, COMMAND_CHARACTERS)}…` : whole;
}

function enforcementBlocks({ runs }: Facts): Block[] {
  const counts = new Map<string, { readonly cells: readonly string[]; runs: number }>();
  for (const { started } of runs) {
    for (const { layer, state, detail } of started?.enforcement ?? []) {
      const cells = [layer, state, escapeControls(detail)];
      const known = counts.get(cells.join("\n")) ?? { cells, runs: 0 };
      counts.set(cells.join("\n"), known);
      known.runs += 1;
    }
  }
  const rows = [...counts.values()].map(({ cells, runs: count }) => [...cells, String(count)]);
  return [heading("What the kernel enforced"), table({ layer: 2, state: 1, detail: 5, runs: 1 }, rows)];
}

function checkingBlocks({ key }: Facts): Block[] {
  return [
    heading("Checking this archive"),
    text(
      "With the log's verifier key from somebody you trust, not from here: `bailiwick evidence check ARCHIVE --key KEY`. Single proofs are checked by other programs, too: they have the form of C2SP tlog-proof.",
    ),
    text(`The key that this archive claims: ${key}`),
  ];
}

function left(all: number): Block[] {
  return all <= ROWS ? [] : [text(`${String(all - ROWS)} more are in evidence.json and runs/.`)];
}
