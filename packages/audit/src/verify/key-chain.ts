/**
 * Which key signs the log now, from a key that is trusted: each rotation is an entry that names both keys, under a checkpoint that both
 * signed, kept in `log/rotations/N`. Without the old key's signature over the entry nobody can lead a reader on to a key of their own.
 * Browser-safe.
 */
import { parseCheckpoint } from "../checkpoint.ts";
import type { Sha256 } from "../merkle.ts";
import {
  isSameKey,
  isSignedBy,
  parseNote,
  parseVerifierKey,
  type Note,
  type VerifierKey,
  type VerifyEd25519,
} from "../note.ts";
import { completeEvent, openEntry } from "./parse-event.ts";
import type { Problems } from "./problems.ts";
import { rotationPath } from "./rotation-path.ts";
import type { RecordSource } from "./source.ts";

/** One rotation, proven. */
export interface Rotation {
  /** Index of its entry, the last one that the old key's checkpoint covers. */
  readonly index: number;
  readonly from: VerifierKey;
  readonly to: VerifierKey;
}

export interface KeyChainParts {
  readonly source: RecordSource;
  readonly sha256: Sha256;
  readonly verifyEd25519: VerifyEd25519;
  readonly problems: Problems;
  /** Of the checkpoint that is verified. */
  readonly origin: string;
  /** The entry at an index when the signed root commits to it. */
  readonly provenEntry: (index: number) => Promise<Uint8Array | undefined>;
  /** Whether the log's first `size` entries had this root. */
  readonly isPrefix: (size: number, root: Uint8Array) => Promise<boolean>;
}

/** All rotations, in order. What is wrong with one is noted as a problem, and ends the list. */
export async function readRotations(parts: KeyChainParts): Promise<Rotation[]> {
  const rotations: Rotation[] = [];
  for (let number = 0; ; number++) {
    const bytes = await parts.source.read(rotationPath(number));
    if (bytes === undefined) return rotations;
    const rotation = await checkRotation(parts, bytes);
    if (typeof rotation === "string" || !follows(rotations.at(-1), rotation)) {
      const why = typeof rotation === "string" ? rotation : "it does not follow the one before";
      parts.problems.add({
        kind: "signature",
        detail: `the key rotation ${String(number)} cannot be believed: ${why}`,
      });
      return rotations;
    }
    rotations.push(rotation);
  }
}

/** The key that has to have signed the newest checkpoint. Undefined, and noted, when the trusted key is none of the log's. */
export function currentKey(
  trusted: VerifierKey,
  rotations: readonly Rotation[],
  problems: Problems,
): VerifierKey | undefined {
  const last = rotations.at(-1);
  if (last === undefined) return trusted;
  if (rotations.some(({ from, to }) => isSameKey(from, trusted) || isSameKey(to, trusted))) return last.to;
  problems.add({ kind: "signature", detail: "the key that was given is none that this log was ever signed by" });
  return undefined;
}

function follows(before: Rotation | undefined, next: Rotation): boolean {
  return before === undefined || (isSameKey(before.to, next.from) && before.index < next.index);
}

/** @returns why not, when it can't be believed */
async function checkRotation(parts: KeyChainParts, bytes: Uint8Array): Promise<Rotation | string> {
  const note = parseNote(bytes);
  const checkpoint = note && parseCheckpoint(note.text);
  if (note === undefined || checkpoint === undefined) return "its checkpoint is malformed";
  const entry = checkpoint.size > 0 ? await parts.provenEntry(checkpoint.size - 1) : undefined;
  const open = entry && openEntry(entry);
  const event = open && completeEvent(open, undefined);
  if (event?.type !== "key.rotated") return "no entry of the log records it";
  const from = parseVerifierKey(event.from, parts.sha256);
  const to = parseVerifierKey(event.to, parts.sha256);
  if (from?.name !== parts.origin || to?.name !== parts.origin) return "its entry names no keys of this log";
  if (!(await areBoth(parts, note, [from, to]))) return "not both keys signed it";
  if (!(await parts.isPrefix(checkpoint.size, checkpoint.root))) return "its checkpoint is none of this log";
  return { index: checkpoint.size - 1, from, to };
}

async function areBoth({ verifyEd25519 }: KeyChainParts, note: Note, keys: readonly VerifierKey[]): Promise<boolean> {
  for (const key of keys) if (!(await isSignedBy(note, key, verifyEd25519))) return false;
  return true;
}
