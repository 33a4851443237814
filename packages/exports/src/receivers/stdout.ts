import { once } from "node:events";
import type { Writable } from "node:stream";
import type { ConfigOf } from "../config.ts";
import { renderLines } from "./lines.ts";
import type { Outcome, Receiver } from "./receiver.ts";

/** Lines on standard output; they count as taken once the stream has them. */
export function stdoutReceiver({ format, ocsf }: ConfigOf<"stdout">, output: Writable): Receiver<string> {
  let gone = false;
  output.on("error", () => {
    gone = true;
  });
  return {
    render: (source) => renderLines(source, format, ocsf),
    sizeOf: (record) => record.length,
    async send({ records }, signal): Promise<Outcome> {
      if (!gone && !output.write(`${records.join("\n")}\n`)) {
        await Promise.race([once(output, "drain", { signal }), once(output, "close", { signal })]);
      }
      return gone ? { taken: false, again: "never", reason: "nobody reads standard output any more" } : { taken: true };
    },
  };
}
