/** An archive of evidence as it comes. Browsers load it too: it needs nothing of Node. */
import type { Client } from "./client.ts";
import { ServerError } from "./errors.ts";
import type { InputOf } from "./routes.ts";

export { EVIDENCE_FRAMEWORKS } from "./evidence-frameworks.ts";

/** What the file of an archive is called, by whoever saves it. @param at milliseconds since 1970 */
export function evidenceFileName({ type }: InputOf<"makeEvidence">["body"]["scope"], at: number): string {
  return `evidence-${type.toLowerCase()}-${new Date(at).toISOString().slice(0, 10)}.zip`;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
}

/**
 * The archive, piece by piece. It is one when the last has come; what was broken off is none.
 * @throws ServerError what the server refuses; SERVER_UNREACHABLE when it was broken off
 */
export async function* downloadEvidence(
  client: Client,
  body: InputOf<"makeEvidence">["body"],
  options: DownloadOptions = {},
): AsyncGenerator<Uint8Array> {
  const response = await client.open("makeEvidence", { body }, options);
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const step = await reader?.read();
      if (step?.value === undefined) return;
      yield step.value;
    }
  } catch (cause) {
    if (options.signal?.aborted === true) throw cause;
    throw new ServerError("SERVER_UNREACHABLE", "the server broke the archive off: there is none", {
      cause,
      remedy:
        "make it again; a run of it may have been erased meanwhile, the right to it taken away, or the connection lost",
    });
  } finally {
    reader?.releaseLock();
  }
}
