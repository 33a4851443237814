import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, randomBytes, sign, verify } from "node:crypto";
import { lstatSync } from "node:fs";
import { hostname } from "node:os";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { AuditError } from "./errors.ts";
import { readIfThere, type DurableWriter, type Files } from "./files.ts";
import type { Layout } from "./layout.ts";
import type { Sha256 } from "./merkle.ts";
import { ED25519, formatVerifierKey, keyId, parseVerifierKey, type VerifierKey, type VerifyEd25519 } from "./note.ts";

export const sha256: Sha256 = (bytes) => hash("sha256", bytes, "buffer");

/** Whoever can sign checkpoints of this log: a key file, later also a token or a key service. */
export interface Signer {
  readonly verifier: VerifierKey;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

// JSON web keys, because OpenSSL takes 2 ms to load its DER decoders, which every `bailiwick run` would wait for.
export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  return verify(null, message, createPublicKey({ key: webKey(publicKey), format: "jwk" }), signature);
};

function webKey(publicKey: Uint8Array): { kty: string; crv: string; x: string } {
  return { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") };
}

/** The key in its file, which has the form of Go's `note` package: `PRIVATE+KEY+NAME+ID+BASE 64`. @throws AuditError AUDIT_KEY_UNUSABLE */
export function loadSigner(files: Files, layout: Layout): Signer {
  const path = layout.key;
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
  const verifier = loadVerifierKey(files, layout);
  const d = Buffer.from(bytes.subarray(1)).toString("base64url");
  const privateKey = createPrivateKey({ key: { ...webKey(verifier.publicKey), d }, format: "jwk" });
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  if (name !== verifier.name || toHex(verifier.id) !== hex || x !== webKey(verifier.publicKey).x) {
    throw unusable(path, `does not belong to \`${layout.verifierKey}\`; restore both from a backup`);
  }
  return { verifier, sign: (message) => sign(null, message, privateKey) };
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

/** Makes the log's key, and beside it the verifier key that goes out to others. The private file comes last: when it is there, both are. */
export async function createSigner(writer: DurableWriter, layout: Layout): Promise<Signer> {
  const { privateKey, publicKey: generated } = generateKeyPairSync("ed25519");
  const seed = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
  const publicKey = Buffer.from(generated.export({ format: "jwk" }).x ?? "", "base64url");
  const name = makeOrigin();
  const verifier = { name, id: keyId(sha256, name, publicKey), publicKey };
  const encoded = encodeBase64(Uint8Array.of(ED25519, ...seed));
  await writer.replace(layout.verifierKey, Buffer.from(`${formatVerifierKey(verifier)}\n`));
  await writer.replace(layout.key, Buffer.from(`PRIVATE+KEY+${name}+${toHex(verifier.id)}+${encoded}\n`));
  return { verifier, sign: (message) => sign(null, message, privateKey) };
}

function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** Unique without anyone's register: the host's name for people, 40 random bits for the rest. */
function makeOrigin(): string {
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, "-")
    .slice(0, 40);
  return `bailiwick/${host === "" ? "host" : host}-${randomBytes(5).toString("hex")}`;
}

function unusable(path: string, why: string): AuditError {
  return new AuditError("AUDIT_KEY_UNUSABLE", `the log's key \`${path}\` ${why}`);
}
