import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, randomBytes, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { lstatSync } from "node:fs";
import { hostname } from "node:os";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { AuditError } from "./errors.ts";
import type { DurableWriter, Files } from "./files.ts";
import type { Layout } from "./layout.ts";
import type { Sha256 } from "./merkle.ts";
import { formatVerifierKey, keyId, type VerifierKey, type VerifyEd25519 } from "./note.ts";

export const sha256: Sha256 = (bytes) => hash("sha256", bytes, "buffer");

/** Whoever can sign checkpoints of this log: a key file, later also a token or a key service. */
export interface Signer {
  readonly verifier: VerifierKey;
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
const ED25519 = 1;

export const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) => {
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
  return verify(null, message, key, signature);
};

/** The key in its file, which has the form of Go's `note` package: `PRIVATE+KEY+NAME+ID+BASE 64`. @throws AuditError AUDIT_KEY_UNUSABLE */
export function loadSigner(files: Files, path: string): Signer {
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
  const signer = signerOf(name, bytes.subarray(1));
  if (Buffer.from(signer.verifier.id).toString("hex") !== hex) {
    throw unusable(path, "has an id that is not that of its key; restore it from a backup");
  }
  return signer;
}

/** Makes the log's key, and beside it the verifier key that goes out to others. The private file comes last: when it is there, both are. */
export async function createSigner(writer: DurableWriter, layout: Layout): Promise<Signer> {
  const { privateKey } = generateKeyPairSync("ed25519");
  const seed = privateKey.export({ format: "der", type: "pkcs8" }).subarray(PKCS8_PREFIX.length);
  const signer = signerOf(makeOrigin(), seed);
  const { name, id } = signer.verifier;
  const encoded = encodeBase64(Uint8Array.of(ED25519, ...seed));
  const text = `PRIVATE+KEY+${name}+${Buffer.from(id).toString("hex")}+${encoded}\n`;
  await writer.replace(layout.verifierKey, Buffer.from(`${formatVerifierKey(signer.verifier)}\n`));
  await writer.replace(layout.key, Buffer.from(text));
  return signer;
}

function signerOf(name: string, seed: Uint8Array): Signer {
  const privateKey: KeyObject = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(SPKI_PREFIX.length);
  return {
    verifier: { name, id: keyId(sha256, name, publicKey), publicKey },
    sign: (message) => sign(null, message, privateKey),
  };
}

/** Unique without anyone's register: the host's name for people, 40 random bits for the rest. */
function makeOrigin(): string {
  const host = hostname().toLowerCase().replace(/[^a-z0-9.-]/g, "-").slice(0, 40); // prettier-ignore
  return `bailiwick/${host === "" ? "host" : host}-${randomBytes(5).toString("hex")}`;
}

function unusable(path: string, why: string): AuditError {
  return new AuditError("AUDIT_KEY_UNUSABLE", `the log's key \`${path}\` ${why}`);
}
