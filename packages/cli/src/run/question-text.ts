import { styleText } from "node:util";
import { escapeControls, formatCommand } from "@bailiwick/base";
import type { Question } from "@bailiwick/run";

/** A person reads no further; what is longer is refused. */
const READABLE = 16 * 1024;

/** The question as the person sees it, nothing left out; undefined when it is too long for that. */
export function questionText({ argv, cwd, files, decision }: Question, color: boolean): string | undefined {
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
  const lines = rows.map(([name = "", text = ""]) => `  ${name.padEnd(9)}  ${text}\n`);
  const keys = `  ${strong("o")} once   ${strong("r")} for this run   ${strong("n")} no  `;
  return `\n${strong("bailiwick: may this run?")}\n${lines.join("")}${keys}`;
}
