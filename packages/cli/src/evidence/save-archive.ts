import { createHash } from "node:crypto";
import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { fileError } from "../audit/files.ts";

export interface SavedArchive {
  readonly bytes: number;
  /** `sha256:…` of the file. */
  readonly digest: string;
}

/** A file that is there is whole. @throws CliError CLI_FILE; what the pieces throw */
export async function saveArchive(
  path: string,
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<SavedArchive> {
  const temporary = `${path}.${String(process.pid)}.tmp`;
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const fd = openSync(temporary, "wx", 0o600);
    try {
      for await (const piece of pieces) {
        for (let at = 0; at < piece.length;) at += writeSync(fd, piece, at);
        hash.update(piece);
        bytes += piece.length;
      }
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError("write", path, error);
  }
  return { bytes, digest: `sha256:${hash.digest("hex")}` };
}
