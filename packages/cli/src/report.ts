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

let toldOf: NodeJS.WriteStream | undefined;

/** Writes to stderr. A reader that went away must not end a run; the stream is only touched when there is something to say. */
export function writeError(text: string): void {
  if (toldOf === undefined) {
    toldOf = process.stderr;
    toldOf.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
    });
  }
  toldOf.write(text);
}

/**
 * Says on stderr what went wrong and what can be done about it. Only what Bailiwick raised on purpose is one line; anything
 * else is a defect, and its stack is what a report of it needs.
 */
export function reportError(error: unknown): void {
  if (error instanceof BailiwickError) {
    const remedy = error.remedy === undefined ? "" : `  ${escapeControls(error.remedy)}\n`;
    writeError(`bailiwick: ${escapeControls(error.message)}\n${remedy}`);
    return;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  writeError(`bailiwick: unexpected: ${detail}\n`);
}
