import "reflect-metadata";
import { createHash, randomBytes, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Clocks inside are the host's; what checks certificates against another one gets an hour. */
const SKEW_MS = 3_600_000;
/** Longer than any run may last. */
const VALID_MS = 30 * 86_400_000;

/** What a TLS server needs to be somebody: PEM texts. */
export interface Identity {
  readonly key: string;
  /** The leaf and the authority. */
  readonly chain: string;
}

interface LeafKeys {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly pem: string;
}

/**
 * The authority of one run: an ECDSA P-256 key that cannot be exported and is never written anywhere, and one key for all leaves, which
 * stays in this process as well. Whoever holds the certificate can check what this run was shown, and sign nothing.
 */
export class Authority {
  /** PEM. */
  readonly certificate: string;
  readonly #certificate: X509Certificate;
  readonly #signingKey: webcrypto.CryptoKey;
  readonly #leaf: LeafKeys;
  readonly #identities = new Map<string, Promise<Identity>>();

  private constructor(certificate: X509Certificate, signingKey: webcrypto.CryptoKey, leaf: LeafKeys) {
    this.#certificate = certificate;
    this.#signingKey = signingKey;
    this.#leaf = leaf;
    this.certificate = certificate.toString("pem");
  }

  /** @param run stands in the subject, so that a certificate found somewhere says where it is from */
  static async create(run: string, nowMs: number): Promise<Authority> {
    cryptoProvider.set(webcrypto);
    const keys = await webcrypto.subtle.generateKey(P256, false, ["sign", "verify"]);
    const leafKeys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: `CN=Bailiwick run ${run}`,
      ...validity(nowMs),
      keys,
      signingAlgorithm: P256,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", leafKeys.privateKey)).toString("base64");
    const pem = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
    return new Authority(certificate, keys.privateKey, { keys: leafKeys, pem });
  }

  /** The identity of one host, made at its first use. @param host as `parseHostName` gives it */
  async identityOf(host: string): Promise<Identity> {
    const known = this.#identities.get(host);
    if (known !== undefined) return await known;
    const made = this.#issue(host);
    this.#identities.set(host, made);
    return await made;
  }

  async #issue(host: string): Promise<Identity> {
    const { keys, pem } = this.#leaf;
    const leaf = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      // A common name holds 64 characters (RFC 5280, appendix A.1); what counts is the alternative name.
      subject: `CN=${host.length > 64 ? createHash("sha256").update(host).digest("hex").slice(0, 32) : host}`,
      issuer: this.#certificate.subject,
      ...validity(Date.parse(this.#certificate.notBefore.toISOString()) + SKEW_MS),
      publicKey: keys.publicKey,
      signingKey: this.#signingKey,
      signingAlgorithm: P256,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([{ type: "dns", value: host }]),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
      ],
    });
    return { key: pem, chain: `${leaf.toString("pem")}\n${this.certificate}\n` };
  }
}

/** 16 random bytes, positive and without leading zeros (RFC 5280, section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

function validity(nowMs: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(nowMs - SKEW_MS), notAfter: new Date(nowMs + VALID_MS) };
}
