/** That each recording in an archive is what the events of its run say: by the digest of so long a beginning. */
import { sha256Hex } from "./archive.ts";
import { linesOf, placed, type Files, type Note } from "./opened.ts";

export function checkRecordings(files: Files, note: Note): void {
  for (const [path, bytes] of files) {
    const { place, name } = placed(path);
    const [, run] = /^recordings\/([0-9a-z]+)\.cast$/.exec(name) ?? [];
    if (run === undefined) continue;
    const said = digestsIn(files.get(`${place}runs/${run}.ndjson`)).get(bytes.length);
    if (said === undefined) note(path, "is of a length that no event of its run has a digest of");
    else if (said !== `sha256:${sha256Hex(bytes)}`) note(path, "is not what the events of its run say was recorded");
  }
}

/** What the events of a run say of its recording, by the length that it is of. */
function digestsIn(lines: Uint8Array = new Uint8Array(0)): ReadonlyMap<number, string> {
  const digests = new Map<number, string>();
  for (const line of linesOf(lines)) {
    const event = line?.event;
    if (typeof event !== "object" || event === null) continue;
    const { type, bytes, digest }: { type?: unknown; bytes?: unknown; digest?: unknown } = event;
    if (type !== "recording.grown" && type !== "recording.closed") continue;
    if (typeof bytes === "number" && typeof digest === "string") digests.set(bytes, digest);
  }
  return digests;
}
