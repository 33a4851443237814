import { open, type FileHandle } from "node:fs/promises";
import type { ConfigOf } from "../config.ts";
import { renderLines } from "./lines.ts";
import type { Outcome, Receiver } from "./receiver.ts";

/** Appends lines, durable before they count. The file is opened for each batch, so that it can be rotated at any time. */
export function fileReceiver({ path, format, ocsf }: ConfigOf<"file">): Receiver<string> {
  return {
    render: (source) => renderLines(source, format, ocsf),
    sizeOf: (record) => record.length,
    async send({ records }): Promise<Outcome> {
      try {
        const why = await append(path, records);
        return why === undefined ? { taken: true } : { taken: false, again: "later", reason: `\`${path}\` ${why}` };
      } catch (error) {
        if (!(error instanceof Error && "code" in error)) throw error;
        return { taken: false, again: "later", reason: `\`${path}\`: ${String(error.code)}` };
      }
    },
  };
}

async function append(path: string, records: readonly string[]): Promise<string | undefined> {
  const file = await open(path, "a+", 0o600);
  try {
    const status = await file.stat();
    if (!status.isFile()) return "is no regular file";
    const torn = await tornLine(file, status.size);
    const ours = records.some((record) => Buffer.from(record).subarray(0, torn.length).equals(torn));
    if (torn.length > 0 && ours) await file.truncate(status.size - torn.length);
    await file.appendFile(`${torn.length > 0 && !ours ? "\n" : ""}${records.join("\n")}\n`);
    await file.sync();
    return undefined;
  } finally {
    await file.close();
  }
}

/**
 * What stands behind the last line end. What a crash or a full disk left of a record was never acknowledged and comes again, so it is
 * taken away; a line that is somebody else's is ended and kept.
 */
async function tornLine(file: FileHandle, size: number): Promise<Buffer> {
  let torn = Buffer.alloc(0);
  for (let end = size; end > 0;) {
    const chunk = Buffer.alloc(Math.min(end, 64 << 10));
    await file.read(chunk, 0, chunk.length, end - chunk.length);
    const line = chunk.lastIndexOf(0x0a);
    torn = Buffer.concat([chunk.subarray(line + 1), torn]);
    if (line >= 0) break;
    end -= chunk.length;
  }
  return torn;
}
