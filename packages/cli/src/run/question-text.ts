import { styleText } from "node:util";
import { askedHostRows, escapeControls, formatCommand } from "@bailiwick/base";
import type { ExecQuestion, HostQuestion, Question } from "@bailiwick/run";

/** A person reads no further; what is longer is refused. */
const READABLE = 16 * 1024;

const LABEL = 9;

/** The question as the person sees it, nothing left out; undefined when it is too long for that. */
export function questionText(
  question: Question,
  { color, columns }: { readonly color: boolean; readonly columns: number },
): string | undefined {
  const { decision } = question;
  const strong = (text: string): string => (color ? styleText("bold", text, { validateStream: false }) : text);
  const { asks, asked, rows: own } = question.kind === "exec" ? execRows(question) : hostRows(question);
  if (own.reduce((sum, [, text]) => sum + text.length, 0) > READABLE) return undefined;
  const rows: Row[] = [
    ...own,
    ["because", escapeControls(decision.reason)],
    ["policy", escapeControls(decision.policies.join(", "))],
    ...(decision.instead === undefined ? [] : [["instead", escapeControls(decision.instead)] as const]),
  ];
  // What is asked about stays as it is: where a line breaks could be taken for a part of it.
  const lines = rows.map(
    ([name, text]) =>
      `  ${name.padEnd(LABEL)}  ${name === asked ? strong(text) : wrap(text, columns - LABEL - 4).join(`\n${" ".repeat(LABEL + 4)}`)}\n`,
  );
  const forRun =
    question.kind === "host" && question.about.request !== undefined ? " (this host, method and path)" : "";
  const keys = `  ${strong("o")} once   ${strong("r")} for this run${forRun}   ${strong("n")} no  `;
  return `\n${strong(`bailiwick: ${asks}`)}\n${lines.join("")}${keys}`;
}

type Row = readonly [label: string, text: string];

interface Shown {
  readonly asks: string;
  /** The label of what is asked about. */
  readonly asked: string;
  readonly rows: readonly Row[];
}

function execRows({ argv, cwd, files }: ExecQuestion): Shown {
  const runs = files.map(({ path, digest }) => `${escapeControls(path)} (${digest.slice(0, "sha256:".length + 12)}…)`);
  const rows: Row[] = [
    ["command", formatCommand(argv, READABLE + 1)],
    ["in", escapeControls(cwd)],
    ["would run", runs.join(", through ")],
  ];
  return { asks: "may this run?", asked: "command", rows };
}

function hostRows({ about, pid, argv, cwd }: HostQuestion): Shown {
  const by =
    pid === undefined ? "a process that is not known" : `${formatCommand(argv, READABLE + 1)} (pid ${String(pid)})`;
  const rows: Row[] = [
    ...askedHostRows(about),
    ["asked by", by],
    ...(cwd === "" ? [] : [["in", escapeControls(cwd)] as const]),
  ];
  if (about.request === undefined) return { asks: "may this be reached?", asked: "host", rows };
  return { asks: "may this be sent?", asked: "request", rows };
}

/** @param what why the run stands still, in one line */
export function goOnText(what: string, color: boolean): string {
  const strong = (text: string): string => (color ? styleText("bold", text, { validateStream: false }) : text);
  const keys = `  ${strong("y")} yes, for as much again   ${strong("n")} no, end it  `;
  return `\n${strong("bailiwick: the run stands still: may it go on?")}\n  ${escapeControls(what)}\n${keys}`;
}

/** Breaks a text between words into lines of at most `width` UTF-16 code units; a longer word has a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
