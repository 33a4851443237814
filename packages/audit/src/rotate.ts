import { encodeEvent } from "./fit.ts";
import { generateKey } from "./key.ts";
import { formatVerifierKey } from "./note.ts";
import { openAppender } from "./open-log.ts";
import { LOG_ITSELF } from "./personal.ts";
import { readCheckpoint } from "./read.ts";
import { openCommandSigner } from "./signer/load-signer.ts";
import type { NewSigner } from "./signer/rotation.ts";

export interface RotateOptions {
  /** Who rotates; stays in the record. */
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** A `signer.toml` whose command signs from now on. Without one a key file is made. */
  readonly signer?: { readonly path: string; readonly config: Uint8Array };
}

export interface KeyRotation {
  /** Verifier keys, one line each. Whoever trusts the first needs nothing new: the record leads from it to the second. */
  readonly from: string;
  readonly to: string;
  /** Index of the entry that says so. */
  readonly index: number;
}

/**
 * Changes the log's key; its origin stays. The old key signs that the new one follows, and is then removed from this host.
 * @throws AuditError AUDIT_NO_LOG, AUDIT_KEY_UNUSABLE, AUDIT_SIGNER_FAILED, and as appending does
 */
export async function rotateKey(directory: string, { by, at, signer }: RotateOptions): Promise<KeyRotation> {
  const { origin } = await readCheckpoint(directory);
  const { appender, lock } = await openAppender({ directory });
  try {
    const next: NewSigner =
      signer === undefined
        ? { key: generateKey(origin) }
        : { config: signer.config, signer: await openCommandSigner(signer.config, signer.path, origin) };
    const { verifier } = "key" in next ? next.key : next.signer;
    const to = formatVerifierKey(verifier);
    let from = "";
    const { first } = await appender.rotate(next, (old) => {
      from = formatVerifierKey(old);
      return encodeEvent(LOG_ITSELF, { type: "key.rotated", at, by, from, to });
    });
    return { from, to, index: first };
  } finally {
    lock.close();
  }
}
