import { userInfo } from "node:os";

/** Who starts the run, for policies and the record: by the account, never by the environment. */
export function accountName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // An account without an entry, as in some containers.
    if (error instanceof Error && "code" in error) return String(process.getuid?.() ?? "unknown");
    throw error;
  }
}
