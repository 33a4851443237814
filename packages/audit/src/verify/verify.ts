/**
 * Checks a record from outside: nothing of the writing side is used but the formats. Browser-safe: files, SHA-256 and
 * Ed25519 are arguments.
 */
import { encodeBase64 } from "../base64.ts";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import type { TreeHead } from "../log-types.ts";
import type { Sha256 } from "../merkle.ts";
import { isSignedBy, parseNote, parseVerifierKey, type Note, type VerifierKey, type VerifyEd25519 } from "../note.ts";
import { currentKey, readRotations, type Rotation } from "./key-chain.ts";
import { checkOther, checkRemembered, type OtherHeadsParts } from "./other-heads.ts";
import type { Primitives, VerifyOptions } from "./options.ts";
import { Pass } from "./pass.ts";
import { Problems, type Problem } from "./problems.ts";
import type { RecordSource } from "./source.ts";

export interface Verification {
  readonly ok: boolean;
  readonly origin: string | undefined;
  readonly head: TreeHead | undefined;
  /** Entries that were there and were checked. */
  readonly entries: number;
  readonly runs: number;
  /** Runs without an end: not a problem by itself, the run may go on or its supervisor was killed. */
  readonly unended: readonly string[];
  /** Runs whose personal members were erased, as entries say. */
  readonly erased: readonly string[];
  /** How often the log's key was rotated, under which the newest checkpoint is signed. */
  readonly rotations: number;
  /** At most 1,000. */
  readonly problems: readonly Problem[];
}

/** Never throws for what is in the record: whatever it finds is a problem with a name. Errors of the source itself pass through. */
export async function verifyRecord(
  source: RecordSource,
  primitives: Primitives,
  options: VerifyOptions,
): Promise<Verification> {
  const problems = new Problems();
  const opened = await openCheckpoint(source, problems);
  if (opened === undefined) return resultOf(problems, undefined, undefined);
  const { checkpoint, note } = opened;
  const pass = new Pass({ source, primitives, options, problems, checkpoint });
  await pass.open();
  const keyParts = { source, ...primitives, problems, origin: checkpoint.origin };
  const rotations = await readRotations({
    ...keyParts,
    provenEntry: (index) => pass.provenEntry(index),
    isPrefix: async (size, root) => (await pass.isPrefix(size, root)) === true,
  });
  const trusted = trustedKey(options.verifierKey, primitives.sha256, checkpoint, problems);
  if (trusted !== undefined) await checkSignature({ note, trusted, rotations, problems }, primitives.verifyEd25519);
  const keys = [trusted, ...rotations.flatMap(({ from, to }) => [from, to])].filter((key) => key !== undefined);
  const heads = { ...primitives, problems, checkpoint, keys, isPrefix: pass.isPrefix.bind(pass) };
  const from = await checkHeads(heads, options);
  await pass.run({ rotations, from });
  return resultOf(problems, checkpoint, { pass, rotations });
}

function resultOf(
  problems: Problems,
  checkpoint: Checkpoint | undefined,
  read: { readonly pass: Pass; readonly rotations: readonly Rotation[] } | undefined,
): Verification {
  return {
    ok: problems.count === 0,
    origin: checkpoint?.origin,
    head: checkpoint && { size: checkpoint.size, root: encodeBase64(checkpoint.root) },
    entries: read?.pass.entries ?? 0,
    runs: read?.pass.story.runs ?? 0,
    unended: read?.pass.story.unended ?? [],
    erased: read?.pass.erased ?? [],
    rotations: read?.rotations.length ?? 0,
    problems: problems.list,
  };
}

async function openCheckpoint(
  source: RecordSource,
  problems: Problems,
): Promise<{ readonly checkpoint: Checkpoint; readonly note: Note } | undefined> {
  const bytes = await source.read("log/checkpoint");
  const note = bytes && parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note !== undefined && checkpoint !== undefined) return { note, checkpoint };
  problems.add({ kind: "signature", detail: bytes ? "the checkpoint is malformed" : "the checkpoint is missing" });
  return undefined;
}

function trustedKey(text: string, sha256: Sha256, { origin }: Checkpoint, problems: Problems): VerifierKey | undefined {
  const key = parseVerifierKey(text, sha256);
  if (key?.name === origin) return key;
  const detail = key === undefined ? "the verifier key is malformed" : "the checkpoint is of another log";
  problems.add({ kind: "signature", detail });
  return undefined;
}

interface Signed {
  readonly note: Note;
  readonly trusted: VerifierKey;
  readonly rotations: readonly Rotation[];
  readonly problems: Problems;
}

async function checkSignature(
  { note, trusted, rotations, problems }: Signed,
  verifyEd25519: VerifyEd25519,
): Promise<void> {
  const key = currentKey(trusted, rotations, problems);
  if (key === undefined || (await isSignedBy(note, key, verifyEd25519))) return;
  const byAnother = note.signatures.some(({ name }) => name === key.name);
  problems.add({
    kind: "signature",
    detail: byAnother
      ? "the checkpoint is not signed by the log's key, and no rotation to another key is recorded"
      : "the checkpoint is not signed by the log's key",
  });
}

/** @returns from where on entries are to be read */
async function checkHeads(parts: OtherHeadsParts, options: VerifyOptions): Promise<number> {
  for (const head of options.remembered ?? []) await checkRemembered(parts, head);
  for (const other of options.against ?? []) await checkOther(parts, other);
  if (options.from === undefined) return 0;
  const from = await checkOther(parts, { note: options.from });
  return Math.min(from?.size ?? 0, parts.checkpoint.size);
}
