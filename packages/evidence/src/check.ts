import { checkProof, eventOfProof, readStatement, type ProofTrust } from "@bailiwick/audit";
import { isDeepStrictEqual } from "node:util";
import { MANIFEST, noArchive, openArchive, parseManifest, sha256Hex, STATEMENT, STATEMENT_KINDS } from "./archive.ts";
import { checkRecordings } from "./check-recordings.ts";
import { linesOf, placed, type Files, type Note } from "./opened.ts";
import { readHosts } from "./statement-lines.ts";

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
 * Checks an archive offline: the signature over its manifest, each file's digest, each proof, that each event in `runs/` which has a
 * proof is what was proven, and that each recording is what the events say of it.
 * @param trust of an archive that a server made `logKey` is that of the server's log
 * @throws EvidenceError EVIDENCE_NO_ARCHIVE
 */
export async function checkEvidence(bytes: Uint8Array, trust: ProofTrust): Promise<EvidenceCheck> {
  const files = openArchive(bytes);
  const problems: EvidenceProblem[] = [];
  const note = (path: string, detail: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ path, detail });
  };
  const signed = fileOf(files, STATEMENT);
  const ofHost = await readStatement(signed, STATEMENT_KINDS.host, trust.logKey);
  const ofServer = ofHost === undefined ? await readStatement(signed, STATEMENT_KINDS.server, trust.logKey) : undefined;
  const statement = ofHost ?? ofServer;
  const manifest = fileOf(files, MANIFEST);
  if (statement === undefined) note(STATEMENT, "is not signed by the log's key");
  else if (statement[0] !== `manifest sha256:${sha256Hex(manifest)}`) note(MANIFEST, "is not the one that was signed");
  checkDigests(files, note);
  const proofs = await checkProofs(files, ofServer === undefined ? () => trust : trustIn(ofServer, trust, note), note);
  checkRecordings(files, note);
  return { ok: problems.length === 0, problems, files: files.size, proofs, statement };
}

/** Whom to believe of a record in the archive; undefined: nobody that is known here vouches for it. @param place `hosts/HOST/`, or nothing */
type TrustOf = (place: string) => ProofTrust | undefined;

/** The server says which key is whose, and cosigned each head; more is asked for where witnesses are given. */
function trustIn(statement: readonly string[], { witnesses, quorum }: ProofTrust, note: Note): TrustOf {
  const said = readHosts(statement);
  if (said === undefined) note(STATEMENT, "does not say whose the hosts' keys are");
  const asked = witnesses.length > 0 ? { witnesses, quorum } : { witnesses: said ? [said.witness] : [], quorum: 1 };
  return (place) => {
    const logKey = said?.keys.get(place.split("/")[1] ?? "");
    return logKey === undefined ? undefined : { logKey, ...asked };
  };
}

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

async function checkProofs(files: Files, trustOf: TrustOf, note: Note): Promise<number> {
  const events = eventsIn(files, note);
  let held = 0;
  for (const [path, bytes] of files) {
    const { place, name } = placed(path);
    const [, number] = /^proofs\/(\d+)\.tlog-proof$/.exec(name) ?? [];
    if (number === undefined) continue;
    const trust = trustOf(place);
    if (trust === undefined) {
      note(path, "is of a host whose key nobody signed for");
      continue;
    }
    const report = await checkProof(bytes, trust);
    const [problem] = report.problems;
    const event = events.get(place + number);
    if (problem !== undefined) note(path, problem.detail);
    else if (String(report.index) !== number) note(path, `is a proof of entry ${String(report.index)}`);
    else if (event !== undefined && !isDeepStrictEqual(event, await eventOfProof(report))) {
      note(path, "proves another event than the one in runs/");
    } else held += 1;
  }
  return held;
}

/** By the place of the record and the index in it. */
function eventsIn(files: Files, note: Note): ReadonlyMap<string, unknown> {
  const events = new Map<string, unknown>();
  for (const [path, bytes] of files) {
    const { place, name } = placed(path);
    if (!name.startsWith("runs/")) continue;
    for (const logged of linesOf(bytes)) {
      if (logged === undefined) note(path, "has a line that is no event");
      else events.set(place + String(logged.index), logged.event);
    }
  }
  return events;
}
