/** Checks a proof file offline, trusting nothing in it but what trusted keys signed. Browser-safe: SHA-256 and Ed25519 are arguments. */
import { encodeBase64 } from "../base64.ts";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { toHex } from "../hex.ts";
import { parseJson } from "../json.ts";
import { createTreeHasher, type Sha256 } from "../merkle.ts";
import { isSignedBy, parseNote, parseVerifierKey, type Note, type VerifierKey, type VerifyEd25519 } from "../note.ts";
import { isIncluded } from "../proof.ts";
import { checkCosignature, parseWitnessKey } from "../witness/cosignature.ts";
import { membersOf, SALT_BYTES } from "../private-records.ts";
import { decodeAttachment, type Attachment } from "./attachment.ts";
import { parseTlogProof, type TlogProof } from "./tlog-proof.ts";

/** Whom the verifier believes. All of it must come from a place that whoever made the proof could not change. */
export interface ProofTrust {
  /** The verifier key of the log, `NAME+ID+KEY`; its name is the origin that the checkpoint must have. */
  readonly logKey: string;
  /** Verifier keys of witnesses. */
  readonly witnesses: readonly string[];
  /** How many of them must have cosigned; 0 to their number. */
  readonly quorum: number;
}

export interface ProofPrimitives {
  readonly sha256: Sha256;
  readonly verifyEd25519: VerifyEd25519;
}

export type ProofProblemKind =
  /** The file is not a proof, or not one with an entry in it. */
  | "malformed"
  /** A key that was given is none, or is of another kind. */
  | "key"
  /** The checkpoint is of another log, or not signed by the log's key. */
  | "signature"
  /** The personal members that come with the entry are not those that it has a digest of. */
  | "personal"
  /** The entry is not at its place in the tree that the checkpoint commits to. */
  | "inclusion"
  /** A cosignature bears the name of a trusted witness and was not made by it. */
  | "cosignature"
  /** Fewer trusted witnesses have cosigned than are needed. */
  | "quorum";

export interface ProofProblem {
  readonly kind: ProofProblemKind;
  /** One line. */
  readonly detail: string;
}

/** What is not undefined was read; it is proven when `ok`, and otherwise worth nothing. */
export interface ProofReport {
  readonly ok: boolean;
  readonly problems: readonly ProofProblem[];
  readonly index: number | undefined;
  readonly origin: string | undefined;
  readonly head: { readonly size: number; readonly root: string } | undefined;
  /** The entry as its text says it; for logs of Bailiwick, one JSON object. */
  readonly entry: string | undefined;
  /**
   * The personal members of the event, one JSON object, proven with the entry. `absent`: the entry has a digest of some, which are
   * not in the proof. Undefined: it has none.
   */
  readonly personal: { readonly json: string } | "absent" | undefined;
  /** What the entry says of itself, where it is an event: `at` in milliseconds since 1970. */
  readonly event: { readonly run: string; readonly type: string; readonly at: number } | undefined;
  /** Trusted witnesses whose cosignature holds; seconds since 1970. */
  readonly witnessed: readonly { readonly name: string; readonly timeS: number }[];
  readonly quorum: number;
}

/** Never throws for what is in the proof or the keys: whatever is wrong is a problem with a name. */
export async function checkProof(
  bytes: Uint8Array,
  trust: ProofTrust,
  primitives: ProofPrimitives,
): Promise<ProofReport> {
  const parsed = parseTlogProof(bytes);
  if ("malformed" in parsed) return unreadable(trust, parsed.malformed);
  const note = parseNote(parsed.checkpoint);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) return unreadable(trust, "its checkpoint is malformed");
  const attachment = parsed.extra && decodeAttachment(parsed.extra);
  const entry = attachment?.entry;
  const problems: ProofProblem[] = [];
  await checkSignature(note, checkpoint, { trust, primitives, problems });
  checkInclusion({ proof: parsed, checkpoint, entry }, primitives.sha256, problems);
  const personal = attachment && checkPersonal(attachment, primitives.sha256, problems);
  const witnessed = await checkWitnesses(note, { trust, primitives, problems });
  return {
    ok: problems.length === 0,
    problems,
    index: parsed.index,
    origin: checkpoint.origin,
    head: { size: checkpoint.size, root: encodeBase64(checkpoint.root) },
    entry: entry && textOf(entry),
    personal,
    event: entry && eventOf(entry),
    witnessed,
    quorum: trust.quorum,
  };
}

interface Checking {
  readonly trust: ProofTrust;
  readonly primitives: ProofPrimitives;
  readonly problems: ProofProblem[];
}

async function checkSignature(
  note: Note,
  checkpoint: Checkpoint,
  { trust, primitives, problems }: Checking,
): Promise<void> {
  const key = parseVerifierKey(trust.logKey, primitives.sha256);
  if (key === undefined) {
    problems.push({ kind: "key", detail: "the key of the log is not a verifier key (`NAME+ID+KEY`, Ed25519)" });
  } else if (key.name !== checkpoint.origin) {
    problems.push({ kind: "signature", detail: "the proof is of another log than the key" });
  } else if (!(await isSignedBy(note, key, primitives.verifyEd25519))) {
    problems.push({ kind: "signature", detail: "the checkpoint is not signed by the log's key" });
  }
}

function checkInclusion(
  {
    proof,
    checkpoint,
    entry,
  }: { readonly proof: TlogProof; readonly checkpoint: Checkpoint; readonly entry: Uint8Array | undefined },
  sha256: Sha256,
  problems: ProofProblem[],
): void {
  if (entry === undefined) {
    problems.push({ kind: "malformed", detail: "the proof does not carry its entry, or not in a form known here" });
    return;
  }
  const hasher = createTreeHasher(sha256);
  const claim = { index: proof.index, size: checkpoint.size, leaf: hasher.leaf(entry), root: checkpoint.root };
  if (isIncluded(hasher, claim, proof.path)) return;
  problems.push({ kind: "inclusion", detail: "the entry is not what the log has at this index" });
}

function checkPersonal(
  { entry, committed }: Attachment,
  sha256: Sha256,
  problems: ProofProblem[],
): ProofReport["personal"] {
  const json = parseJson(entry);
  const digest = typeof json === "object" && json !== null && "private" in json ? json.private : undefined;
  if (committed === undefined) return digest === undefined ? undefined : "absent";
  if (committed.length > SALT_BYTES && digest === `sha256:${toHex(sha256(committed))}`) {
    return { json: textOf(membersOf(committed)) };
  }
  problems.push({ kind: "personal", detail: "the personal members are not those that the entry has a digest of" });
  return undefined;
}

async function checkWitnesses(
  note: Note,
  { trust, primitives, problems }: Checking,
): Promise<ProofReport["witnessed"]> {
  const witnessed: { name: string; timeS: number }[] = [];
  for (const key of witnessKeys(trust, primitives.sha256, problems)) {
    const state = await checkCosignature(note, key, primitives.verifyEd25519);
    if (state === "wrong") {
      problems.push({ kind: "cosignature", detail: `the cosignature of \`${key.name}\` is not its` });
    } else if (state !== "absent") witnessed.push({ name: key.name, timeS: state.timeS });
  }
  if (!(trust.quorum >= 0 && trust.quorum <= trust.witnesses.length)) {
    problems.push({ kind: "quorum", detail: "the quorum is more than the witnesses that are trusted" });
  } else if (witnessed.length < trust.quorum) {
    const needed = `${String(trust.quorum)} needed`;
    problems.push({ kind: "quorum", detail: `cosigned by ${String(witnessed.length)} trusted witnesses, ${needed}` });
  }
  return witnessed;
}

/** Each key once, whatever names it goes by: one witness is one voice. */
function witnessKeys({ witnesses }: ProofTrust, sha256: Sha256, problems: ProofProblem[]): VerifierKey[] {
  const keys = new Map<string, VerifierKey>();
  for (const text of new Set(witnesses)) {
    const key = parseWitnessKey(text, sha256);
    if (key === undefined) {
      problems.push({ kind: "key", detail: "a witness's key is not one (`NAME+ID+KEY`, Ed25519 cosignatures)" });
    } else keys.set(encodeBase64(key.publicKey), key);
  }
  return [...keys.values()];
}

function unreadable({ quorum }: ProofTrust, why: string): ProofReport {
  return {
    ok: false,
    problems: [{ kind: "malformed", detail: `the file is not a proof: ${why}` }],
    index: undefined,
    origin: undefined,
    head: undefined,
    entry: undefined,
    personal: undefined,
    event: undefined,
    witnessed: [],
    quorum,
  };
}

/** Bytes that are not UTF-8 are shown as such; the proof is of the bytes. */
function textOf(entry: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(entry);
}

/** What an entry says of itself; undefined where it is no event. */
function eventOf(entry: Uint8Array): ProofReport["event"] {
  const json = parseJson(entry);
  if (typeof json !== "object" || json === null) return undefined;
  const { run, type, at }: { run?: unknown; type?: unknown; at?: unknown } = json;
  if (typeof run !== "string" || typeof type !== "string" || typeof at !== "number") return undefined;
  return { run, type, at };
}
