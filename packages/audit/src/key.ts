import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import { lstatSync } from "node:fs";
import { hostname } from "node:os";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { AuditError } from "./errors.ts";
import { readIfThere, type Files } from "./files.ts";
import { toHex } from "./hex.ts";
import type { Layout } from "./layout.ts";
import type { Sha256 } from "./merkle.ts";
import { ED25519, keyId, parseVerifierKey, type VerifierKey, type VerifyEd25519 } from "./note.ts";

// By way of a string: Node takes three times as long to make a buffer of its own for each digest.
export const sha256: Sha256 = (bytes) => Buffer.from(hash("sha256", bytes, "binary"), "binary");

/** Whether a text is `sha256:` and the digits of the hash of these bytes. */
export function isSha256(bytes: Uint8Array, digest: string): boolean {
  return digest === `sha256:${hash("sha256", bytes, "hex")}`;
}

/** Whoever can sign checkpoints of this log: a key file, or a command that asks a token or a key service. */
export interface Signer {
  readonly verifier: VerifierKey;
  /** 64 bytes of Ed25519. @throws AuditError AUDIT_SIGNER_FAILED */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

// JSON web keys, because OpenSSL takes 2 ms to load its DER decoders, which every `bailiwick run` would wait for.
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  return verify(null, message, keyObjectOf(publicKey), signature);
};

/** A server checks the same thousands of keys again and again, and making an object of one costs as much as half of checking. */
const KEPT_KEYS = 4_096;
const keyObjects = new Map<string, KeyObject>();

export function keyObjectOf(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString("latin1");
  let object = keyObjects.get(name);
  if (object === undefined) {
    if (keyObjects.size >= KEPT_KEYS) keyObjects.clear();
    object = createPublicKey({ key: webKey(publicKey), format: "jwk" });
    keyObjects.set(name, object);
  }
  return object;
}

function webKey(publicKey: Uint8Array): { kty: string; crv: string; x: string } {
  return { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") };
}

/**
 * A private key in its file, which has the form of Go's `note` package: `PRIVATE+KEY+NAME+ID+BASE 64`.
 * @throws AuditError AUDIT_KEY_UNUSABLE; ENOENT passes through
 */
export function loadKeyFile(files: Files, path: string): Signer {
  // A key that another user could have read signs nothing: its signatures would prove nothing.
  const stat = lstatSync(path);
  if (!stat.isFile() || (stat.mode & 0o077) !== 0 || stat.uid !== process.geteuid?.()) {
    throw unusable(path, "must be a file of its user alone; run `chmod 600` on it if nobody else can have read it");
  }
  const text = Buffer.from(files.read(path)).toString("latin1").trimEnd();
  const [, name, hex, encoded] = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
  if (name === undefined || bytes?.[0] !== ED25519 || bytes.length !== 33) {
    throw unusable(path, "is not an Ed25519 key of a log; restore it from a backup");
  }
  // OpenSSL derives the public half; what stands in `x` is not looked at.
  const d = Buffer.from(bytes.subarray(1)).toString("base64url");
  const privateKey = createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", x: d, d }, format: "jwk" });
  const publicKey = publicHalf(privateKey);
  const id = keyId(sha256, name, publicKey);
  if (toHex(id) !== hex) throw unusable(path, "has an id that is not its own; restore it from a backup");
  return { verifier: { name, id, publicKey }, sign: (message) => sign(null, message, privateKey) };
}

/** The public half, as others get it. @throws AuditError AUDIT_KEY_UNUSABLE */
export function loadVerifierKey(files: Files, layout: Layout): VerifierKey {
  const bytes = readIfThere(files, layout.verifierKey);
  const key = bytes && parseVerifierKey(Buffer.from(bytes).toString("latin1").trimEnd(), sha256);
  if (key === undefined) {
    throw unusable(layout.verifierKey, "is missing or is not a verifier key; restore it from a backup");
  }
  return key;
}

export interface NewKey extends Signer {
  /** What its file holds. */
  readonly text: string;
}

export function generateKey(origin: string): NewKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  const publicKey = publicHalf(privateKey);
  const verifier = { name: origin, id: keyId(sha256, origin, publicKey), publicKey };
  const encoded = encodeBase64(Uint8Array.of(ED25519, ...seed));
  const text = `PRIVATE+KEY+${origin}+${toHex(verifier.id)}+${encoded}\n`;
  return { verifier, sign: (message) => sign(null, message, privateKey), text };
}

function publicHalf(privateKey: KeyObject): Uint8Array {
  return Buffer.from(createPublicKey(privateKey).export({ format: "jwk" }).x ?? "", "base64url");
}

/** The name of a new log. Unique without anyone's register: the host's name for people, 40 random bits for the rest. */
export function makeOrigin(): string {
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, "-")
    .slice(0, 40);
  return `bailiwick/${host === "" ? "host" : host}-${randomBytes(5).toString("hex")}`;
}

export function unusable(path: string, why: string): AuditError {
  return new AuditError("AUDIT_KEY_UNUSABLE", `the log's key \`${path}\` ${why}`);
}
