import { isErrno } from "@bailiwick/base";
import { readIfThere, type Files } from "../files.ts";
import { loadKeyFile, loadVerifierKey, unusable, type Signer } from "../key.ts";
import type { Layout } from "../layout.ts";
import { isSameKey } from "../note.ts";

/**
 * Whoever signs for the key in `log.vkey`: the command in `signer.toml` when it names that key, else the key file.
 * @returns undefined when there is neither
 * @throws AuditError AUDIT_KEY_UNUSABLE
 */
export async function loadSigner(files: Files, layout: Layout): Promise<Signer | undefined> {
  const config = readIfThere(files, layout.signer);
  const isNamed = readIfThere(files, layout.verifierKey) !== undefined;
  if (config !== undefined && isNamed) {
    const verifier = loadVerifierKey(files, layout);
    const signer = await openCommandSigner(config, layout.signer, verifier.name);
    if (isSameKey(signer.verifier, verifier)) return signer;
  }
  const signer = keyFileIfThere(files, layout.key);
  if (signer === undefined) {
    if (config === undefined || !isNamed) return undefined;
    throw unusable(
      layout.signer,
      `names another key than \`${layout.verifierKey}\`; to change keys run \`bailiwick audit rotate-key\``,
    );
  }
  if (!isSameKey(signer.verifier, loadVerifierKey(files, layout))) {
    throw unusable(layout.key, `does not belong to \`${layout.verifierKey}\`; restore both from a backup`);
  }
  return signer;
}

/** Loaded only where there is one: most hosts have a key file, and every run would wait. */
export async function openCommandSigner(config: Uint8Array, path: string, origin: string): Promise<Signer> {
  const [{ parseSignerConfig }, { commandSigner }] = await Promise.all([
    import("./config.ts"),
    import("./command-signer.privileged.ts"),
  ]);
  return commandSigner(parseSignerConfig(Buffer.from(config).toString("utf8"), path), origin);
}

export function keyFileIfThere(files: Files, path: string): Signer | undefined {
  try {
    return loadKeyFile(files, path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
