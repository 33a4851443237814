import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { lstatSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isErrno } from "@bailiwick/base";
import { decodeBase64, encodeBase64 } from "../base64.ts";
import { AuditError } from "../errors.ts";
import { diskFiles, type DurableWriter } from "../files.ts";
import { sha256 } from "../key.ts";
import { keyId, type VerifierKey } from "../note.ts";
import { COSIGNATURE_ED25519, encodeCosignature, cosignedMessage } from "./cosignature.ts";

/** Who signs as a witness. */
export interface Cosigner {
  readonly verifier: VerifierKey;
  /** @param timeS seconds since 1970 @returns the signature of a note's line */
  cosign(text: string, timeS: number): Uint8Array;
}

const FILE = "witness.key";

/**
 * The witness's key, made at its first use: `PRIVATE+KEY+NAME+ID+BASE 64` as that of a log, of type 0x04, so that neither can
 * be used as the other. The caller holds the state's lock.
 * @param name of a new key; a witness that has one keeps its name
 * @throws AuditError AUDIT_KEY_UNUSABLE
 */
export async function openCosigner(state: string, writer: DurableWriter, name: string | undefined): Promise<Cosigner> {
  return loadCosigner(state, name) ?? (await createCosigner(state, writer, name ?? defaultName()));
}

function loadCosigner(state: string, wanted: string | undefined): Cosigner | undefined {
  const path = join(state, FILE);
  const text = readPrivate(path);
  if (text === undefined) return undefined;
  const [, name, hex, encoded] = /^PRIVATE\+KEY\+([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
  if (name === undefined || bytes?.[0] !== COSIGNATURE_ED25519 || bytes.length !== 33) {
    throw unusable(path, "is not the key of a witness; restore it from a backup");
  }
  if (wanted !== undefined && wanted !== name) {
    throw unusable(path, `is of the witness \`${name}\`; leave \`--name\` out, or use another state directory`);
  }
  const cosigner = makeCosigner(name, bytes.subarray(1));
  if (Buffer.from(cosigner.verifier.id).toString("hex") !== hex) throw unusable(path, "does not have its own id");
  return cosigner;
}

async function createCosigner(state: string, writer: DurableWriter, name: string): Promise<Cosigner> {
  const { d } = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  const seed = Buffer.from(d ?? "", "base64url");
  const cosigner = makeCosigner(name, seed);
  const id = Buffer.from(cosigner.verifier.id).toString("hex");
  const encoded = encodeBase64(Uint8Array.of(COSIGNATURE_ED25519, ...seed));
  await writer.replace(join(state, FILE), Buffer.from(`PRIVATE+KEY+${name}+${id}+${encoded}\n`));
  return cosigner;
}

/** PKCS#8 of an Ed25519 key is these bytes and the seed (RFC 8410, section 7). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

function makeCosigner(name: string, seed: Uint8Array): Cosigner {
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const publicKey = Buffer.from(createPublicKey(privateKey).export({ format: "jwk" }).x ?? "", "base64url");
  return {
    verifier: { name, id: keyId(sha256, name, publicKey, COSIGNATURE_ED25519), publicKey },
    cosign: (text, timeS) => encodeCosignature(timeS, sign(null, cosignedMessage(timeS, text), privateKey)),
  };
}

function readPrivate(path: string): string | undefined {
  try {
    const stat = lstatSync(path);
    if (!stat.isFile() || (stat.mode & 0o077) !== 0 || stat.uid !== process.geteuid?.()) {
      throw unusable(path, "must be a file of its user alone; run `chmod 600` on it if nobody else can have read it");
    }
    return Buffer.from(diskFiles.read(path)).toString("latin1").trimEnd();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Unique without anyone's register: the host's name for people, 40 random bits for the rest. */
function defaultName(): string {
  const host = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, "-")
    .slice(0, 40);
  return `bailiwick-witness/${host === "" ? "host" : host}-${randomBytes(5).toString("hex")}`;
}

function unusable(path: string, why: string): AuditError {
  return new AuditError("AUDIT_KEY_UNUSABLE", `the witness's key \`${path}\` ${why}`);
}
