import { escapeControls } from "@bailiwick/base";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { count, formatTime } from "../format.ts";
import { openClient } from "./session.ts";

interface NotifyOptions {
  readonly json?: true;
}

type Receiver = AnswerOf<"listNotify">["items"][number];

/** `bailiwick server notify`: where people are told elsewhere, and whether that works. */
export async function listNotifyCommand(options: NotifyOptions): Promise<number> {
  const { items } = await openClient(process.env).call("listNotify", {});
  for (const item of items) process.stdout.write(options.json ? `${JSON.stringify(item)}\n` : `${lineOf(item)}\n`);
  if (items.length === 0 && !options.json) {
    process.stdout.write(
      "nobody is told anything elsewhere; write `[[notify]]` into the server's file (docs/notifications.md)\n",
    );
  }
  return 0;
}

/** `bailiwick server notify test NAME` */
export async function testNotifyCommand(name: string, options: NotifyOptions): Promise<number> {
  const sent = await openClient(process.env).call("testNotify", { params: { notify: name } });
  const text = `${count(sent.messages, "test message")} on the way; \`bailiwick server notify\` says what came of it\n`;
  process.stdout.write(options.json ? `${JSON.stringify(sent)}\n` : text);
  return 0;
}

function lineOf({
  name,
  format,
  to,
  people,
  about,
  taken,
  takenAt,
  failed,
  failedAt,
  failure,
  givenUp,
  waiting,
  failing,
}: Receiver): string {
  const whom = to ?? (people === "all" ? "whoever may" : people?.join(", "));
  const last = takenAt === undefined ? "" : `, last ${formatTime(takenAt)}`;
  const wrong =
    failure === undefined || failedAt === undefined
      ? ""
      : `; ${count(failed, "failure")}, last ${formatTime(failedAt)}: ${failure}${givenUp === 0 ? "" : `; ${String(givenUp)} given up`}`;
  const queue =
    waiting === 0
      ? ""
      : `; ${String(waiting)} waiting${failing === 0 ? "" : `, ${String(failing)} of them tried before`}`;
  return escapeControls(
    `${name}  ${format}${whom === undefined ? "" : ` to ${whom}`}  ${about.join(", ")}: ${String(taken)} told${last}${wrong}${queue}`,
  );
}
