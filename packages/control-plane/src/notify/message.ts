/** What is told, in the form that its receiver wants. What an agent or a person wrote is never read as markup. */
import { escapeControls } from "@bailiwick/base";

/** Something to tell, before it has a form. */
export interface Told {
  /** Of the plain form: `question.asked`. */
  readonly type: string;
  /** Of the plain form. */
  readonly data: object;
  /** One line; of a mail its subject. */
  readonly title: string;
  readonly lines: readonly string[];
  /** Where it is looked at and answered by whoever has it. */
  readonly link?: string | undefined;
  /** Whom it is for, where that is one person. */
  readonly to?: Addressee | undefined;
}

export interface Addressee {
  readonly person: string;
  readonly name: string;
  readonly email: string | undefined;
}

export const LINK_TEXT = "Look at it, and answer";

/** What is posted. @param at milliseconds since 1970 */
export function postBody(format: "plain" | "slack" | "teams", told: Told, at: number): Buffer {
  const { type, data, link } = told;
  switch (format) {
    case "plain":
      return json({ type, timestamp: new Date(at).toISOString(), data });
    case "slack":
      return json(slack(linesOf(told), link));
    case "teams":
      return json(teams(linesOf(told), link));
  }
}

/** As a person reads it, one text a line: nothing in it moves a cursor, or begins a line of its own. */
export function linesOf({ title, lines }: Told): string[] {
  return [title, ...lines].map(escapeControls);
}

/** @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: `plain_text` is shown as it is */
function slack(lines: readonly string[], link: string | undefined): object {
  const text = lines.join("\n");
  const section = (of: object): object => ({ type: "section", text: of });
  return {
    text: text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    unfurl_links: false,
    blocks: [
      section({ type: "plain_text", text, emoji: false }),
      ...(link === undefined ? [] : [section({ type: "mrkdwn", text: `<${link}|${LINK_TEXT}>` })]),
    ],
  };
}

/** An adaptive card; a RichTextBlock, unlike a TextBlock, reads no Markdown. @see https://adaptivecards.io/explorer/RichTextBlock.html */
function teams(lines: readonly string[], link: string | undefined): object {
  const inlines = (text: string): object => ({ type: "RichTextBlock", inlines: [{ type: "TextRun", text }] });
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: lines.map(inlines),
    ...(link !== undefined && {
      actions: [{ type: "Action.OpenUrl", title: LINK_TEXT, url: link }],
    }),
  };
  return { type: "message", attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", content }] };
}

export function cut(text: string, most = 500): string {
  return text.length <= most ? text : `${text.slice(0, most).toWellFormed()}…`;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
