/** A message as mail: text, and HTML whose every text is escaped where it is put in. */
import { createHash } from "node:crypto";
import { escapeControls } from "@bailiwick/base";
import { html } from "hono/html";
import { cut, LINK_TEXT, linesOf, type Told } from "./message.ts";

export interface Mail {
  readonly from: { readonly name: string; readonly address: string };
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** RFC 5322 wants lines of 78 characters at most; what is longer is folded, and mail programs show no more anyway. */
const MOST_OF_SUBJECT = 150;

const OWN = "Send this to nobody: whoever has it answers as you.";

/** @param id of the delivery: tried again, it is the same message, which a mail server may know by its `Message-ID` */
export async function mailOf(
  told: Told,
  { from, address, id }: { readonly from: string; readonly address: string; readonly id: string },
): Promise<Mail> {
  const { link, to } = told;
  const lines = linesOf(told);
  const [title = "", ...rest] = lines;
  const text = [title, "", ...rest, ...(link === undefined ? [] : ["", `${LINK_TEXT}: ${link}`, OWN]), ""].join("\n");
  const own = link === undefined ? "" : html`<p><a href="${link}">${LINK_TEXT}</a><br />${OWN}</p>`;
  const body = await html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" /><title>${title}</title>
      <p><strong>${title}</strong></p>
      ${rest.map((line) => html`<pre style="white-space:pre-wrap;overflow-wrap:anywhere;margin:0">${line}</pre>`)}
      ${own}
    </html>`;
  return {
    from: { name: "Bailiwick", address: from },
    to: { name: escapeControls(to?.name ?? ""), address },
    subject: cut(`[bailiwick] ${title}`, MOST_OF_SUBJECT),
    text,
    html: body.toString(),
    messageId: `<${createHash("sha256").update(`${id} ${address}`).digest("hex").slice(0, 32)}@${from.slice(from.lastIndexOf("@") + 1)}>`,
    headers: {
      // RFC 3834, section 5: nobody's absence answers it. Exchange does not know that, and has its own.
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
    },
  };
}
