import { askedHostRows, formatCommand } from "@bailiwick/base";
import type { QuestionOfServer } from "./questions.ts";

type Row = readonly [label: string, text: string];

/** Who asks what and why, for people, as rows of a label and a text: nothing that was asked is left out. */
export function questionRows(question: QuestionOfServer): readonly Row[] {
  const { id, run, person, host, agent, project, labels, reason, instead, policies, role, terms } = question;
  const rows: (Row | undefined)[] = [
    ["question", id],
    ["of", `${person}@${host}, run ${run}, ${agent}, project ${project}`],
    labels.length === 0 ? undefined : ["labelled", labels.join(", ")],
    ...askedRows(question),
    ["because", reason],
    ["policy", policies.join(", ")],
    instead === undefined ? undefined : ["instead", instead],
    role === undefined ? undefined : ["for", role],
    terms.classes.length === 0 ? undefined : ["about", terms.classes.join(", ")],
  ];
  return rows.filter((row) => row !== undefined);
}

function askedRows({ about, argv, cwd, files }: QuestionOfServer): readonly Row[] {
  const command = formatCommand(argv, Number.MAX_SAFE_INTEGER);
  if (about !== undefined) return [...askedHostRows(about), ["asked by", command || "not known"], ["in", cwd]];
  const programs = files.map(({ path, digest }) => `${path} (${digest})`);
  return [
    ["command", command],
    ["in", cwd],
    ["would run", programs.join(", through ")],
  ];
}
