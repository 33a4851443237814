import { createHash, randomBytes } from "node:crypto";
import type { TokenRow } from "../store/tables.ts";

/** What stands before a secret, so that people and scanners see what it is. */
type SecretKind = TokenRow["kind"] | "link" | "session";

const PREFIX: Readonly<Record<SecretKind, string>> = {
  setup: "bws",
  enrolment: "bwe",
  personal: "bwp",
  service: "bwt",
  invitation: "bwi",
  link: "bwl",
  session: "bwb",
};

export interface NewSecret {
  readonly id: string;
  /** Shown once. */
  readonly secret: string;
  readonly hash: Buffer;
}

/** 32 random bytes: nothing slower than SHA-256 is needed to keep what can't be guessed. */
export function makeSecret(kind: SecretKind): NewSecret {
  const secret = `${PREFIX[kind]}_${randomBytes(32).toString("base64url")}`;
  return { id: randomId("t"), secret, hash: hashSecret(secret) };
}

export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

/** An id that nobody has yet: a letter or two that say of what, and 48 random bits in hexadecimal. */
export function randomId(kind: string): string {
  return `${kind}-${randomBytes(6).toString("hex")}`;
}

/** A name that nobody has yet, from one that people gave. */
export function makeId(name: string): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 40);
  return `${slug === "" ? "x" : slug}-${randomBytes(4).toString("hex")}`;
}
