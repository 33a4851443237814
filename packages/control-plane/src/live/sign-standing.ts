import type { JournalOptions } from "../arrivals/journal-options.ts";

/**
 * What holds for a host, as one line of a statement that the key of the server's log signs (ADR 12).
 * @param kind the statement's first line
 * @returns a signed note
 */
export async function signStanding(
  { holding, keys }: Pick<JournalOptions, "holding" | "keys">,
  kind: string,
  standing: object,
): Promise<string> {
  // A line of a note holds no control characters, and JSON leaves some as they are.
  const line = JSON.stringify(standing).replaceAll(
    /\p{Cc}/gu,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const note = await holding.signStatementBy(keys.signer, { kind, lines: [line] });
  return Buffer.from(note).toString("utf8");
}
