import { createHash } from "node:crypto";

const MAGIC = 0xfe_ed_fe_ed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
/** What every Java installation ships its roots under: it proves nothing and hides nothing. */
const PASSWORD = "changeit";
/** Part of the format: what the password's digest is salted with. */
const SALT = "Mighty Aphrodite";

/**
 * A Java key store (JKS) of trusted certificates, which every Java reads as its `cacerts`. There is no npm package that writes one without a
 * Java beside it; it is a list of lengths and bytes, and a digest.
 * @param bundle PEM @see sun.security.provider.JavaKeyStore of OpenJDK, engineStore
 */
export function javaKeyStore(bundle: string): Buffer {
  const certificates = [...bundle.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(
    ([, text = ""]) => Buffer.from(text, "base64"),
  );
  const entries = certificates.flatMap((certificate, index) => [
    u32(TRUSTED_CERTIFICATE),
    utf(`root-${String(index)}`),
    Buffer.alloc(8), // when it was added: the same store for the same roots
    utf("X.509"),
    u32(certificate.length),
    certificate,
  ]);
  const store = Buffer.concat([u32(MAGIC), u32(VERSION), u32(certificates.length), ...entries]);
  const digest = createHash("sha1")
    .update(Buffer.from(PASSWORD, "utf16le").swap16())
    .update(SALT)
    .update(store)
    .digest();
  return Buffer.concat([store, digest]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function utf(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}
