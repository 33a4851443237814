import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Mount } from "../launch-spec.ts";
import { isInside, lookThrough, unlessAbsent } from "./host-files.ts";
import { javaKeyStore } from "./java-key-store.ts";
import { endOfLinks } from "./system-view.ts";

/** Certificates that programs inside must trust, as PEM. */
export interface InsideTrust {
  /** Everything: what the host trusts, what the profile adds, and the run's own authority. */
  readonly bundle: string;
  /** What is not among the roots that programs bring along: the profile's additions and the run's own authority. */
  readonly additions: string;
}

const BUNDLE = "/run/bailiwick/ca-bundle.pem";
const ADDITIONS = "/run/bailiwick/ca-additions.pem";

/** Where programs look for all roots in one file: Debian, Fedora (two), SUSE, Alpine, OpenSSL's own default, and what links to these. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/pki/tls/cert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/ca-trust/extracted/openssl/ca-bundle.trust.crt",
  "/etc/ssl/ca-bundle.pem",
  "/var/lib/ca-certificates/ca-bundle.pem",
  "/etc/ssl/cert.pem",
  "/usr/lib/ssl/cert.pem",
  "/usr/local/share/certs/ca-root-nss.crt",
] as const;

/** Java's, in its own format: Debian, Fedora; and installations that have their own file. */
const JAVA_STORES = [
  "/etc/ssl/certs/java/cacerts",
  "/etc/pki/java/cacerts",
  "/etc/pki/ca-trust/extracted/java/cacerts",
];
const JAVA_HOMES = ["/usr/lib/jvm", "/usr/java", "/opt/java"];

/** For programs that bring roots of their own and ask a variable for others. What adds to its own roots gets the additions alone. */
const VARIABLES: Readonly<Record<string, string>> = {
  NODE_EXTRA_CA_CERTS: ADDITIONS,
  DENO_CERT: ADDITIONS,
  SSL_CERT_FILE: BUNDLE,
  REQUESTS_CA_BUNDLE: BUNDLE,
  CURL_CA_BUNDLE: BUNDLE,
  GIT_SSL_CAINFO: BUNDLE,
  CARGO_HTTP_CAINFO: BUNDLE,
  PIP_CERT: BUNDLE,
  AWS_CA_BUNDLE: BUNDLE,
  HTTPLIB2_CA_CERTS: BUNDLE,
  CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE: BUNDLE,
  GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: BUNDLE,
  CODEX_CA_CERTIFICATE: BUNDLE,
};

/** The bundle over the usual places, where they are there, and at one of its own. @param visible host directories that the run sees */
export function trustMounts(trust: InsideTrust | undefined, visible: readonly string[]): readonly Mount[] {
  if (trust === undefined) return [];
  const [bundle, additions] = [Buffer.from(trust.bundle), Buffer.from(trust.additions)];
  const present = (paths: readonly string[]): readonly string[] =>
    [...new Set(paths.map(endOfLinks))].filter(
      (path) => visible.some((tree) => isInside(tree, path)) && lookThrough(path)?.isFile() === true,
    );
  const stores = present([...JAVA_STORES, ...JAVA_HOMES.flatMap(storesBelow)]);
  const keyStore = stores.length === 0 ? bundle : javaKeyStore(trust.bundle);
  return [
    { kind: "file", target: BUNDLE, content: bundle, mode: 0o444 },
    { kind: "file", target: ADDITIONS, content: additions, mode: 0o444 },
    ...present(BUNDLES).map((target): Mount => ({ kind: "cover", target, content: bundle, directory: false })),
    ...stores.map((target): Mount => ({ kind: "cover", target, content: keyStore, directory: false })),
  ];
}

function storesBelow(home: string): readonly string[] {
  const installations = unlessAbsent(() => readdirSync(home)) ?? [];
  return installations.flatMap((name) => [
    join(home, name, "lib/security/cacerts"),
    join(home, name, "jre/lib/security/cacerts"),
  ]);
}

export function trustEnvironment(trust: InsideTrust | undefined): Readonly<Record<string, string>> {
  return trust === undefined ? {} : VARIABLES;
}

const KNOWN_HOSTS = "/run/bailiwick/ssh_known_hosts";

export function knownHostsMounts(lines: string | undefined): readonly Mount[] {
  if (lines === undefined) return [];
  return [{ kind: "file", target: KNOWN_HOSTS, content: Buffer.from(lines), mode: 0o444 }];
}

/** Git's own variable: what else speaks SSH would get nowhere. There is no key inside, and nobody to ask. */
export function sshEnvironment(lines: string | undefined): Readonly<Record<string, string>> {
  if (lines === undefined) return {};
  const options = [
    `UserKnownHostsFile=${KNOWN_HOSTS}`,
    "StrictHostKeyChecking=yes",
    "BatchMode=yes",
    "IdentityFile=none",
  ];
  return { GIT_SSH_COMMAND: ["ssh", ...options.map((option) => `-o ${option}`)].join(" ") };
}
