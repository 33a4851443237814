import { checkProof, eventOfProof, readStatement, type ProofTrust } from "@bailiwick/audit";
import { isDeepStrictEqual } from "node:util";
import { MANIFEST, noArchive, openArchive, parseManifest, sha256Hex, STATEMENT, STATEMENT_KIND } from "./archive.ts";

export interface EvidenceProblem {
  /** The file of the archive, or the archive itself: `.`. */
  readonly path: string;
  readonly detail: string;
}

export interface EvidenceCheck {
  readonly ok: boolean;
  /** At most 100. */
  readonly problems: readonly EvidenceProblem[];
  readonly files: number;
  /** Proofs that hold, with the events in `runs/` that they are of. */
  readonly proofs: number;
  /** Lines of the signed statement; undefined when its signature does not hold. */
  readonly statement: readonly string[] | undefined;
}

const MAX_PROBLEMS = 100;

/**
 * Checks an archive offline: the signature over its manifest, each file's digest, each proof, and that each event in `runs/` which has a
 * proof is what was proven.
 * @throws EvidenceError EVIDENCE_NO_ARCHIVE
 */
export async function checkEvidence(bytes: Uint8Array, trust: ProofTrust): Promise<EvidenceCheck> {
  const files = openArchive(bytes);
  const problems: EvidenceProblem[] = [];
  const note = (path: string, detail: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ path, detail });
  };
  const statement = await readStatement(fileOf(files, STATEMENT), STATEMENT_KIND, trust.logKey);
  const manifest = fileOf(files, MANIFEST);
  if (statement === undefined) note(STATEMENT, "is not signed by the log's key");
  else if (statement[0] !== `manifest sha256:${sha256Hex(manifest)}`) note(MANIFEST, "is not the one that was signed");
  checkDigests(files, note);
  const proofs = await checkProofs(files, trust, note);
  return { ok: problems.length === 0, problems, files: files.size, proofs, statement };
}

type Files = ReadonlyMap<string, Uint8Array>;
type Note = (path: string, detail: string) => void;

function fileOf(files: Files, path: string): Uint8Array {
  const bytes = files.get(path);
  if (bytes === undefined) throw noArchive(`has no ${path}`);
  return bytes;
}

/** In both directions: a file that the manifest does not name is as much a forgery as one that it names otherwise. */
function checkDigests(files: Files, note: Note): void {
  const digests = parseManifest(Buffer.from(fileOf(files, MANIFEST)).toString("utf8"));
  if (digests === undefined) {
    note(MANIFEST, "is malformed");
    return;
  }
  for (const [path, digest] of digests) {
    const bytes = files.get(path);
    if (bytes === undefined) note(path, "is missing");
    else if (sha256Hex(bytes) !== digest) note(path, "was changed");
  }
  for (const path of files.keys()) {
    if (!digests.has(path) && path !== MANIFEST && path !== STATEMENT) note(path, "is not in the manifest");
  }
}

async function checkProofs(files: Files, trust: ProofTrust, note: Note): Promise<number> {
  const events = eventsIn(files, note);
  let held = 0;
  for (const [path, bytes] of files) {
    const [, number] = /^proofs\/(\d+)\.tlog-proof$/.exec(path) ?? [];
    if (number === undefined) continue;
    const report = await checkProof(bytes, trust);
    const [problem] = report.problems;
    if (problem !== undefined) note(path, problem.detail);
    else if (String(report.index) !== number) note(path, `is a proof of entry ${String(report.index)}`);
    else if (events.has(number) && !isDeepStrictEqual(events.get(number), await eventOfProof(report))) {
      note(path, "proves another event than the one in runs/");
    } else held += 1;
  }
  return held;
}

/** By index, as text. */
function eventsIn(files: Files, note: Note): ReadonlyMap<string, unknown> {
  const events = new Map<string, unknown>();
  for (const [path, bytes] of files) {
    if (!path.startsWith("runs/")) continue;
    for (const line of Buffer.from(bytes).toString("utf8").split("\n").slice(0, -1)) {
      const logged = parseLine(line);
      if (logged === undefined) note(path, "has a line that is no event");
      else events.set(String(logged.index), logged.event);
    }
  }
  return events;
}

function parseLine(line: string): { readonly index: unknown; readonly event: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "index" in value && "event" in value ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
