/** A host whose SSH ends in the gateway, and what may be done with it. */
export interface SshHost {
  readonly host: string;
  readonly port: number;
  /** `TYPE BASE64`, as in known_hosts: one of them the server must prove to have. */
  readonly hostKeys: readonly string[];
  /** Whom to be on the server; undefined: whom the client says. */
  readonly user: string | undefined;
  /** A private key, in OpenSSH's or PEM's form. Never leaves this process. */
  readonly privateKey: string;
  /** Repositories that may be fetched from. */
  readonly fetch: readonly string[];
  /** Repositories that may be pushed to; fetching from them goes with it. */
  readonly push: readonly string[];
}

/** The algorithms by which a server proves a key of each type (RFC 8332 for RSA; SHA-1 is out). */
const ALGORITHMS = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
} as const;

export type HostKeyAlgorithm = (typeof ALGORITHMS)[keyof typeof ALGORITHMS][number];

/** What is offered to a server, so that it shows a key of a type that is pinned. */
export function algorithmsOf(hostKeys: readonly string[]): HostKeyAlgorithm[] {
  return Object.entries(ALGORITHMS).flatMap(([type, names]): readonly HostKeyAlgorithm[] =>
    hostKeys.some((key) => key.startsWith(`${type} `)) ? names : [],
  );
}

/** @param blob a public key as it goes over the wire (RFC 4253, section 6.6) */
export function isPinned(hostKeys: readonly string[], blob: Buffer): boolean {
  return hostKeys.some((key) => Buffer.from(key.split(" ")[1] ?? "", "base64").equals(blob));
}

/** One line of known_hosts (sshd(8)). @param publicKey `TYPE BASE64` */
export function knownHostsLine({ host, port }: Pick<SshHost, "host" | "port">, publicKey: string): string {
  return `${port === 22 ? host : `[${host}]:${String(port)}`} ${publicKey}\n`;
}
