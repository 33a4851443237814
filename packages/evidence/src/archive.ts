/** The archive: a ZIP file (APPNOTE 6.3) with a manifest of every other file's digest, and a statement about the manifest signed by the log's key. */
import { createHash } from "node:crypto";
import { unzipSync, Zip, ZipDeflate, type UnzipFileInfo } from "fflate";
import { EvidenceError } from "./errors.ts";

export const MANIFEST = "manifest.txt";
export const STATEMENT = "manifest.note";
/** What the statement says it is: of one host, by the key of its log; or of several, by the key of the server that has their records. */
export const STATEMENT_KINDS = { host: "bailiwick evidence v1", server: "bailiwick evidence v2" } as const;

/** What an archive may hold when it is opened: one that a stranger made must not fill the memory. */
const MAX_FILES = 200_000;
const MAX_BYTES = 2 ** 31;

/** Digest and path of each file, as `sha256sum` prints and checks them. */
export function formatManifest(digests: ReadonlyMap<string, string>): string {
  return [...digests].map(([path, digest]) => `${digest}  ${path}\n`).join("");
}

/** Undefined when it is none, or names a path twice. */
export function parseManifest(text: string): ReadonlyMap<string, string> | undefined {
  const digests = new Map<string, string>();
  for (const line of text.split("\n").slice(0, -1)) {
    const [, digest, path] = /^([0-9a-f]{64}) {2}([A-Za-z0-9][A-Za-z0-9./_-]*)$/.exec(line) ?? [];
    if (digest === undefined || path === undefined || digests.has(path)) return undefined;
    digests.set(path, digest);
  }
  return text.endsWith("\n") ? digests : undefined;
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Compresses while files are given, so that the events of a year need not lie in memory. */
export class ArchiveWriter {
  readonly digests = new Map<string, string>();
  readonly #zip: Zip;
  readonly #madeAt: number;
  #chunks: Uint8Array[] = [];
  #waiting = 0;

  /** @param madeAt milliseconds since 1970; the date of every file */
  constructor(madeAt: number) {
    this.#madeAt = madeAt;
    this.#zip = new Zip((error, chunk) => {
      if (error !== null) throw error;
      this.#chunks.push(chunk);
      this.#waiting += chunk.length;
    });
  }

  /** What was compressed since the last time, when it is worth passing on. */
  take(atLeast = 0): Uint8Array[] {
    if (this.#waiting < Math.max(1, atLeast)) return [];
    const taken = this.#chunks;
    this.#chunks = [];
    this.#waiting = 0;
    return taken;
  }

  add(path: string, bytes: Uint8Array): void {
    const file = this.open(path);
    file.write(bytes);
    file.close();
  }

  /** One file at a time. */
  open(path: string): { write(bytes: Uint8Array): void; close(): void } {
    const hash = createHash("sha256");
    const file = new ZipDeflate(path, { level: 6 });
    file.mtime = this.#madeAt;
    this.#zip.add(file);
    return {
      write(bytes) {
        hash.update(bytes);
        file.push(bytes);
      },
      close: () => {
        file.push(new Uint8Array(0), true);
        this.digests.set(path, hash.digest("hex"));
      },
    };
  }

  /** @returns the end, without which nothing before it is an archive */
  finish(): Uint8Array {
    this.#zip.end();
    return Buffer.concat(this.take());
  }
}

/** @throws EvidenceError EVIDENCE_NO_ARCHIVE */
export function openArchive(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  let [files, total] = [0, 0];
  const filter = ({ originalSize, name }: UnzipFileInfo): boolean => {
    files += 1;
    total += originalSize;
    if (files > MAX_FILES || total > MAX_BYTES) throw noArchive(`holds more than ${String(MAX_BYTES)} bytes`);
    return !name.endsWith("/");
  };
  try {
    return new Map(Object.entries(unzipSync(bytes, { filter })));
  } catch (error) {
    if (error instanceof EvidenceError) throw error;
    throw noArchive("is damaged, or no ZIP file", error);
  }
}

export function noArchive(what: string, cause?: unknown): EvidenceError {
  return new EvidenceError("EVIDENCE_NO_ARCHIVE", `the archive ${what}; ask whoever made it for another copy`, {
    cause,
  });
}
