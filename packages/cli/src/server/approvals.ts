import { escapeControls, formatAskedHost, formatCommand } from "@bailiwick/base";
import { questionRows, type Client, type QuestionOfServer } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { formatTime, paintFor } from "../format.ts";
import { openClient } from "./session.ts";

export interface ListOptions {
  readonly all?: true;
  readonly follow?: true;
  readonly json?: true;
}

export interface AnswerOptions {
  readonly forRun?: true;
  readonly same?: true;
  readonly why?: string;
  readonly propose?: string;
  readonly json?: true;
}

const WAIT_MS = 20_000;

/** What runs ask; with `--follow` each question as it comes, until interrupted. */
export async function listCommand(options: ListOptions): Promise<number> {
  const client = openClient(process.env);
  const shown = new Set<string>();
  const stop = new AbortController();
  process.once("SIGINT", () => {
    stop.abort();
  });
  const state = options.all ? "all" : "open";
  for (let known: string | undefined, waitMs = 0; !stop.signal.aborted; waitMs = WAIT_MS) {
    try {
      const query = { state, waitMs, ...(known !== undefined && { known }) } as const;
      const page = await client.call("listQuestions", { query }, { signal: stop.signal });
      known = page.tag;
      for (const item of page.items.filter(({ id }) => !shown.has(id))) {
        shown.add(item.id);
        process.stdout.write(`${options.json ? JSON.stringify(item) : lineOf(item, page.items)}\n`);
      }
      if (!options.follow) return 0;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
  }
  return 0;
}

export async function showCommand(id: string, options: { readonly json?: true }): Promise<number> {
  const question = await find(openClient(process.env), id);
  process.stdout.write(options.json ? `${JSON.stringify(question)}\n` : textOf(question));
  return 0;
}

/** Answers what was looked at: the answer carries its binding, and is refused for anything else. */
export async function answerCommand(id: string, answer: "yes" | "no", options: AnswerOptions): Promise<number> {
  const { forRun, same, why, propose } = options;
  if (propose !== undefined && propose !== "project" && propose !== "always") {
    throw new CliError("CLI_USAGE", `\`--propose\` is project or always, not \`${propose}\``, { remedy: "see --help" });
  }
  const client = openClient(process.env);
  const question = await find(client, id);
  const { answered, waiting = [] } = await client.call("answerQuestion", {
    params: { question: question.id },
    body: {
      answer: answer === "no" ? "no" : forRun ? "run" : "once",
      bound: question.bound,
      ...(same && { same }),
      ...(why !== undefined && { why }),
      ...(propose !== undefined && { propose }),
    },
  });
  const text = `${answer}${forRun ? " for this run" : ""}: ${whatOf(question, 200)}${answered.length > 1 ? ` (${String(answered.length)} questions)` : ""}`;
  const more = waiting.map(
    ({ has, needs }) => ` (${String(has)} of ${String(needs)} people: somebody else has to say yes, too)`,
  );
  process.stdout.write(`${options.json ? JSON.stringify({ answered, waiting }) : `${text}${more.at(0) ?? ""}`}\n`);
  return 0;
}

/** By its id, or the beginning of one that is open. */
async function find(client: Client, id: string): Promise<QuestionOfServer> {
  if (/^[A-Za-z0-9_-]{22}$/.test(id)) return await client.call("showQuestion", { params: { question: id } });
  const { items } = await client.call("listQuestions", { query: {} });
  const found = items.filter((item) => item.id.startsWith(id));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const what = `\`${id}\` is ${found.length === 0 ? "no open question" : `${String(found.length)} questions`}`;
  throw new CliError("CLI_USAGE", what, { remedy: "list them with `bailiwick approvals list`" });
}

function lineOf(item: QuestionOfServer, all: readonly QuestionOfServer[]): string {
  const paint = paintFor(process.stdout, process.env);
  const same = all.filter(({ bound, state }) => bound === item.bound && state === "open").length;
  const state =
    item.state === "open"
      ? ""
      : `  ${item.state}${item.answer === undefined ? "" : ` ${item.answer} by ${item.answeredBy ?? ""}`}`;
  const many = same > 1 && item.state === "open" ? paint("yellow", `  (${String(same)} ask the same)`) : "";
  return `${paint("dim", formatTime(item.askedAt))}  ${item.id}  ${item.person}@${item.host}  ${escapeControls(item.agent)}  ${whatOf(item, 100)}${many}${state}`;
}

/** In one line, no longer than so many characters. */
function whatOf({ about, argv }: QuestionOfServer, characters: number): string {
  if (about === undefined) return formatCommand(argv, characters);
  const line = formatAskedHost(about);
  return line.length > characters ? `${line.slice(0, characters)}…` : line;
}

/** Nothing that was asked is left out. */
function textOf(question: QuestionOfServer): string {
  const { terms } = question;
  const rows = [
    ...questionRows(question),
    ...(terms.approvals === 1 ? [] : [["yes of", yesText(question)]]),
    ...(terms.links ? [] : [["link", "never"]]),
    ...(terms.stepUpMinutes === undefined ? [] : [["step-up", "a yes is signed by a passkey, in a browser"]]),
    ["bound to", question.bound],
    ["until", formatTime(question.expiresAt)],
    ["state", [question.state, question.answer, question.answeredBy, question.why].filter(Boolean).join(" ")],
  ];
  return rows.map(([name = "", text = ""]) => `${name.padEnd(9)}  ${escapeControls(text)}\n`).join("");
}

function yesText({ terms, saidYes = [] }: QuestionOfServer): string {
  return `${String(terms.approvals)} people${saidYes.length === 0 ? "" : `; so far ${saidYes.join(", ")}`}`;
}
