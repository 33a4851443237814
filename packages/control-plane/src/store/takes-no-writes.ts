/** SQLSTATEs of a database that can be read and takes nothing: it is read-only (25006), or has no room (53100). */
const CODES: ReadonlySet<unknown> = new Set(["25006", "53100"]);

export function takesNoWrites(error: unknown): boolean {
  return error instanceof Error && "code" in error && CODES.has(error.code);
}

/** For what only says that something was used: where the database takes nothing, it is not said. */
export async function ifWritable(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!takesNoWrites(error)) throw error;
  }
}
