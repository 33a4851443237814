import { styleText } from "node:util";
import { escapeControls, formatCommand } from "@bailiwick/base";
import type { Question } from "@bailiwick/run";

/** A person reads no further; what is longer is refused. */
const READABLE = 16 * 1024;

const LABEL = 9;

/** The question as the person sees it, nothing left out; undefined when it is too long for that. */
export function questionText(
  { argv, cwd, files, decision }: Question,
  { color, columns }: { readonly color: boolean; readonly columns: number },
): string | undefined {
  const strong = (text: string): string => (color ? styleText("bold", text, { validateStream: false }) : text);
  const command = formatCommand(argv, READABLE + 1);
  if (command.length > READABLE) return undefined;
  const runs = files.map(({ path, digest }) => `${escapeControls(path)} (${digest.slice(0, "sha256:".length + 12)}…)`);
  const rows = [
    ["command", strong(command)],
    ["in", escapeControls(cwd)],
    ["would run", runs.join(", through ")],
    ["because", escapeControls(decision.reason)],
    ["policy", escapeControls(decision.policies.join(", "))],
    ...(decision.instead === undefined ? [] : [["instead", escapeControls(decision.instead)]]),
  ];
  // The command stays as it is: where a line breaks could be taken for a part of it.
  const lines = rows.map(
    ([name = "", text = ""]) =>
      `  ${name.padEnd(LABEL)}  ${name === "command" ? text : wrap(text, columns - LABEL - 4).join(`\n${" ".repeat(LABEL + 4)}`)}\n`,
  );
  const keys = `  ${strong("o")} once   ${strong("r")} for this run   ${strong("n")} no  `;
  return `\n${strong("bailiwick: may this run?")}\n${lines.join("")}${keys}`;
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
