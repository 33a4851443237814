import { join } from "node:path";
import { DurableWriter, readIfThere, tidyAway, type Files } from "../files.ts";
import { loadVerifierKey, verifyEd25519, type NewKey, type Signer } from "../key.ts";
import type { Layout } from "../layout.ts";
import { formatVerifierKey, isSignedBy, parseNote, type Note } from "../note.ts";
import { rotationPath } from "../verify/rotation-path.ts";
import { keyFileIfThere, openCommandSigner } from "./load-signer.ts";

/**
 * A change of keys. Modes: none; staged (`log.key.next` or `signer.toml.next` is there); done. staged → done from the moment at which
 * the checkpoint carries the new key's signature: whoever comes next under the lock, were it after a crash, puts the new key in the old
 * one's place. staged → none when the checkpoint does not carry it: the new key has signed nothing and is thrown away.
 */
export interface StagedKey {
  readonly signer: Signer;
  readonly kind: "key" | "signer";
}

/** What the new signer is: a key made for it, or the `signer.toml` that names it. */
export type NewSigner = { readonly key: NewKey } | { readonly config: Uint8Array; readonly signer: Signer };

export async function stageKey(writer: DurableWriter, layout: Layout, next: NewSigner): Promise<StagedKey> {
  const kind = "key" in next ? "key" : "signer";
  const bytes = "key" in next ? Buffer.from(next.key.text) : next.config;
  await writer.replace(stagedPath(layout, kind), bytes);
  return { kind, signer: "key" in next ? next.key : next.signer };
}

/** Whether a rotation goes on, or was cut off. */
export function isStaged(files: Files, layout: Layout): boolean {
  return (["key", "signer"] as const).some((kind) => readIfThere(files, stagedPath(layout, kind)) !== undefined);
}

async function stagedKey(files: Files, layout: Layout): Promise<StagedKey | undefined> {
  const key = keyFileIfThere(files, stagedPath(layout, "key"));
  if (key !== undefined) return { kind: "key", signer: key };
  const path = stagedPath(layout, "signer");
  const config = readIfThere(files, path);
  if (config === undefined) return undefined;
  const { name: origin } = loadVerifierKey(files, layout);
  return { kind: "signer", signer: await openCommandSigner(config, path, origin) };
}

function stagedPath(layout: Layout, kind: StagedKey["kind"]): string {
  return `${layout[kind]}.next`;
}

/** Puts the new key in the old one's place; the old one is gone then. May be repeated from any point. */
export async function finishRotation(files: Files, layout: Layout, { kind, signer }: StagedKey): Promise<void> {
  const writer = new DurableWriter(files, layout.directory);
  await writer.replace(layout.verifierKey, Buffer.from(`${formatVerifierKey(signer.verifier)}\n`));
  files.rename(stagedPath(layout, kind), layout[kind]);
  await writer.syncDirectory(layout.directory);
  tidyAway(files, [layout[kind === "key" ? "signer" : "key"]]);
  await writer.syncDirectory(layout.directory);
}

/**
 * Ends a rotation that was cut off, one way or the other. To be called under the lock.
 * @param checkpoint the log's present one
 */
export async function settleRotation(files: Files, layout: Layout, checkpoint: Uint8Array): Promise<void> {
  const staged = await stagedKey(files, layout);
  if (staged === undefined) return;
  const isByNext = async (note: Note): Promise<boolean> =>
    await isSignedBy(note, staged.signer.verifier, verifyEd25519);
  const note = parseNote(checkpoint);
  if (note !== undefined && (await isByNext(note))) {
    await finishRotation(files, layout, staged);
    return;
  }
  // The last kept checkpoint may be of the rotation that failed: then the new key signed it, or it was cut off while it was written.
  const last = join(layout.directory, rotationPath(countRotations(files, layout) - 1));
  const bytes = readIfThere(files, last);
  const kept = bytes && parseNote(bytes);
  if (bytes !== undefined && (kept === undefined || (await isByNext(kept)))) files.unlink(last);
  files.unlink(stagedPath(layout, staged.kind));
  await new DurableWriter(files, layout.directory).syncDirectory(layout.directory);
}

/** How often this log's key was rotated. */
export function countRotations(files: Files, layout: Layout): number {
  let count = 0;
  while (readIfThere(files, join(layout.directory, rotationPath(count))) !== undefined) count += 1;
  return count;
}
