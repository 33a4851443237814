import { createPublicKey } from "node:crypto";
import { isAbsolute } from "node:path";
import { parse, TomlError } from "smol-toml";
import { AuditError } from "../errors.ts";

/**
 * `signer.toml`: a command that signs instead of a key file, so that the key can stay in a token (PKCS#11) or a key service.
 *
 * - `command`: argument vector, the first an absolute path. It gets the message on standard input and writes the 64 bytes of its
 *   Ed25519 signature (RFC 8032, not prehashed) to standard output. It runs for each batch, as the user of the run.
 * - `public-key`: base 64 of the 32 bytes, or PEM.
 * - `timeout-seconds`: 1 to 60, default 5.
 */
export interface SignerConfig {
  readonly command: readonly [string, ...string[]];
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly timeoutMs: number;
}

/** @param path for messages only @throws AuditError AUDIT_KEY_UNUSABLE */
export function parseSignerConfig(text: string, path: string): SignerConfig {
  const wrong = (what: string): AuditError =>
    new AuditError("AUDIT_KEY_UNUSABLE", `\`${path}\`: ${what}; see docs/protocol/log.md, “Who signs”`);
  const document = parseToml(text, wrong);
  const { command, "public-key": key, "timeout-seconds": seconds = 5, ...rest } = document;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw wrong(`unknown key \`${unknown}\``);
  if (!isVector(command) || !isAbsolute(command[0])) {
    throw wrong("`command` must be a list of strings, the first an absolute path");
  }
  if (typeof key !== "string") throw wrong("`public-key` is missing");
  if (typeof seconds !== "number" || !(seconds >= 1 && seconds <= 60)) {
    throw wrong("`timeout-seconds` must be a number from 1 to 60");
  }
  const publicKey = parsePublicKey(key);
  if (publicKey === undefined) throw wrong("`public-key` is no Ed25519 key, neither base 64 of 32 bytes nor PEM");
  return { command, publicKey, timeoutMs: seconds * 1000 };
}

function parseToml(text: string, wrong: (what: string) => AuditError): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) throw wrong(`line ${String(error.line)} is not TOML`);
    throw error;
  }
}

function isVector(value: unknown): value is [string, ...string[]] {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");
}

function parsePublicKey(text: string): Uint8Array | undefined {
  if (!text.trimStart().startsWith("-----BEGIN")) {
    const bytes = Buffer.from(text, "base64");
    return bytes.length === 32 && bytes.toString("base64") === text ? bytes : undefined;
  }
  try {
    const key = createPublicKey(text);
    return key.asymmetricKeyType === "ed25519"
      ? Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url")
      : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  }
}
