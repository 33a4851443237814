import type { ServerResponse } from "node:http";
import { writePatiently } from "../live/event-stream.ts";
import type { DownloadAnswer } from "./handler.ts";

/**
 * A file, as it is made. Who does not read holds one piece of it in memory, and is dropped after a while. What fails after the first piece cuts the
 * connection: whoever reads knows then that it is not the whole.
 * @throws what is thrown before the first piece: it can be answered
 */
export async function sendDownload(
  response: ServerResponse,
  { name, type, pieces }: DownloadAnswer,
  ending: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  response.on("close", () => {
    gone.abort();
  });
  const signal = AbortSignal.any([gone.signal, ending]);
  let step = await pieces.next();
  response.writeHead(200, {
    "content-type": type,
    "content-disposition": `attachment; filename="${name}"`,
    "cache-control": "no-store",
  });
  try {
    for (; step.done !== true; step = await pieces.next()) {
      if (signal.aborted || !(await writePatiently(response, step.value, signal))) {
        response.destroy();
        return;
      }
    }
    response.end();
  } catch (error) {
    // There is no answer any more to put an error in.
    if (!(error instanceof Error)) throw error;
    response.destroy();
  } finally {
    await pieces.return();
  }
}
