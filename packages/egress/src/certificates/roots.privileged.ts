// SAFETY: reads files of certificates, and the list that Node brings; makes no connection.
import { readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { isErrno } from "@bailiwick/base";
import { EgressError } from "../errors.ts";

/** Where distributions keep their roots in one file: Debian and its kin, Fedora and its kin, SUSE, Alpine and OpenBSD. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
] as const;

const MOST_BYTES = 4 * 1024 * 1024;
const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[^-]+-----END (?:TRUSTED )?CERTIFICATE-----/g;

/**
 * The roots that the host trusts, and the extra ones (`roots` holds both): PEM texts of one certificate each. `SSL_CERT_FILE` of the person comes first, as it does for
 * their own programs; where there is no bundle, Node's own roots.
 * @param extra absolute paths of PEM files @throws EgressError EGRESS_ROOTS_UNREADABLE
 */
export function readRoots(
  extra: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): { readonly roots: readonly string[]; readonly extra: readonly string[] } {
  const own = environment["SSL_CERT_FILE"];
  const files = own === undefined || own === "" ? BUNDLES : [own, ...BUNDLES];
  let host: readonly string[] = rootCertificates;
  for (const file of files) {
    const found = readCertificates(file);
    if (found === undefined || found.length === 0) continue;
    host = found;
    break;
  }
  const added = extra.flatMap(readExtra);
  return { roots: [...new Set([...host, ...added])], extra: added };
}

function readExtra(file: string): readonly string[] {
  const found = readCertificates(file);
  if (found !== undefined && found.length > 0) return found;
  throw new EgressError(
    "EGRESS_ROOTS_UNREADABLE",
    `\`${file}\` ${found === undefined ? "can't be read" : "holds no certificate"}`,
    {
      remedy: "name a PEM file of root certificates in `[network] trust`",
    },
  );
}

function readCertificates(file: string): readonly string[] | undefined {
  try {
    const text = readFileSync(file, "latin1");
    if (text.length > MOST_BYTES) return [];
    return (text.match(CERTIFICATE) ?? []).filter((pem) => !pem.includes("TRUSTED"));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "EISDIR", "ELOOP")) return undefined;
    throw error;
  }
}
