import { BailiwickError, escapeControls } from "@bailiwick/base";

/** Exit statuses of Bailiwick itself; any other is the command's own. */
export const STATUS = {
  /** Bailiwick could not set up, and nothing ran. */
  failed: 125,
  /** The command itself was refused by policy. */
  refused: 126,
  /** There is no such command. */
  missing: 127,
} as const;

/**
 * Says on stderr what went wrong and what can be done about it. Only what Bailiwick raised on purpose is one line; anything
 * else is a defect, and its stack is what a report of it needs.
 */
export function reportError(error: unknown): void {
  if (error instanceof BailiwickError) {
    const remedy = error.remedy === undefined ? "" : `  ${escapeControls(error.remedy)}\n`;
    process.stderr.write(`bailiwick: ${escapeControls(error.message)}\n${remedy}`);
    return;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`bailiwick: unexpected: ${detail}\n`);
}
