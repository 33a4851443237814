import { styleText } from "node:util";

export function say(style: Parameters<typeof styleText>[0], text: string): void {
  // `stream` makes it plain where the output is no terminal or colours are not wanted.
  process.stdout.write(`${styleText(style, text, { stream: process.stdout })}\n`);
}
