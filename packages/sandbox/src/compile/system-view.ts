import { readFileSync } from "node:fs";
import { userInfo, type UserInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { isErrno } from "@bailiwick/base";
import type { Mount } from "../launch-spec.ts";
import { isInside, lookAt, lookThrough, readLink, realPathOf, unlessAbsent } from "./host-files.ts";

/** Inside, every run is on a machine of this name: the host's own is nothing that an agent needs. */
export const HOSTNAME = "bailiwick";

/** Where the launcher answers DNS inside. */
const NAMESERVER = "198.18.0.1";

/** What makes a system: programs and what they need to run. `/etc` beside them: much of it is read by libraries. */
const TREES = ["/usr", "/etc", "/opt", "/nix", "/gnu", "/var/lib/ca-certificates"] as const;
const MERGED = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"] as const;

/** What of `/etc` holds secrets of the host. An ordinary user can read none of it; a run by root is not root inside either. This is the second lock. */
const SECRETS_OF_THE_SYSTEM = [
  "shadow",
  "shadow-",
  "gshadow",
  "gshadow-",
  "security/opasswd",
  "sudoers",
  "sudoers.d",
  "krb5.keytab",
  "ssl/private",
  "pki/tls/private",
  "pki/entitlement",
  "ssh/ssh_host_rsa_key",
  "ssh/ssh_host_ecdsa_key",
  "ssh/ssh_host_ed25519_key",
  "NetworkManager/system-connections",
  "wpa_supplicant",
  "wireguard",
  "openvpn",
  "ppp",
  "ipsec.secrets",
  "letsencrypt",
  "kubernetes",
  "rancher",
  "docker/key.json",
  "apt/auth.conf",
  "apt/auth.conf.d",
] as const;

export interface SystemView {
  readonly mounts: readonly Mount[];
  /** Host directories that are visible at their own path. */
  readonly visible: readonly string[];
  readonly covered: readonly string[];
}

/** The system as a run sees it: the host's programs and libraries, read-only, and nothing of its state. */
export function viewSystem(tmpBytes: number): SystemView {
  const mounts: Mount[] = [];
  const visible: string[] = [];
  const bind = (path: string): void => {
    mounts.push({ kind: "bind", source: path, target: path, writable: false, owned: false, optional: false });
    visible.push(path);
  };
  for (const path of TREES) if (lookAt(path)?.isDirectory() === true) bind(path);
  for (const path of MERGED) {
    const link = readLink(path);
    if (link !== undefined) {
      mounts.push({ kind: "symlink", target: path, to: link });
      visible.push(path);
    } else if (lookAt(path)?.isDirectory() === true) bind(path);
  }
  const secrets = coverSecrets();
  mounts.push(
    ...secrets,
    ...replaceEtcFiles(visible),
    { kind: "proc", target: "/proc" },
    { kind: "dev", target: "/dev", shmBytes: tmpBytes },
    { kind: "tmpfs", target: "/tmp", sizeBytes: tmpBytes, mode: 0o1777, writable: true },
    { kind: "directory", target: "/run", mode: 0o755 },
    { kind: "directory", target: "/var", mode: 0o755 },
    { kind: "symlink", target: "/var/run", to: "/run" },
    { kind: "symlink", target: "/var/tmp", to: "/tmp" },
  );
  return { mounts, visible, covered: secrets.map(({ target }) => target) };
}

function coverSecrets(): Extract<Mount, { kind: "cover" }>[] {
  return SECRETS_OF_THE_SYSTEM.flatMap((name) => {
    const target = realPathOf(join("/etc", name));
    if (target === undefined || !isInside("/etc", target)) return [];
    return [{ kind: "cover", target, content: NOTHING, directory: lookThrough(target)?.isDirectory() === true }];
  });
}

const NOTHING = new Uint8Array();

/** Files of `/etc` that must say something else inside. */
function replaceEtcFiles(visible: readonly string[]): Mount[] {
  const passwd = passwdWithOwnEntry();
  return [
    replaceFile("/etc/resolv.conf", `nameserver ${NAMESERVER}\noptions timeout:30 attempts:1\n`, visible),
    replaceFile("/etc/hosts", `127.0.0.1 localhost ${HOSTNAME}\n::1 localhost ip6-localhost ip6-loopback\n`, visible),
    ...(passwd === undefined ? [] : [replaceFile("/etc/passwd", passwd, visible)]),
  ].flat();
}

/**
 * Lies over a file where it really is: `/etc/resolv.conf` is often a link into /run, which is empty inside, so that the file is
 * made there. Nothing when it exists nowhere: /etc can't be added to, and what reads it has its own defaults.
 */
function replaceFile(path: string, text: string, visible: readonly string[]): Mount[] {
  const content = Buffer.from(text);
  const target = endOfLinks(path);
  if (!visible.some((tree) => isInside(tree, target))) return [{ kind: "file", target, content, mode: 0o444 }];
  return lookAt(target) === undefined ? [] : [{ kind: "cover", target, content, directory: false }];
}

/** Where a chain of links ends, also when nothing is there. */
export function endOfLinks(path: string): string {
  let at = path;
  for (let steps = 0; steps < 40; steps++) {
    at = join(realPathOf(dirname(at)) ?? dirname(at), basename(at));
    const link = readLink(at);
    if (link === undefined) return at;
    at = resolve(dirname(at), link);
  }
  return path;
}

/** An account that comes from a directory service (its socket is not mounted) would have no name inside: it gets a line. */
function passwdWithOwnEntry(): string | undefined {
  const text = unlessAbsent(() => readFileSync("/etc/passwd", "utf8"));
  const user = accountOf();
  if (text === undefined || user === undefined) return undefined;
  if (text.split("\n").some((line) => line.split(":")[2] === String(user.uid))) return undefined;
  const { username, uid, gid, homedir, shell } = user;
  return `${text.replace(/\n?$/, "\n")}${username}:x:${String(uid)}:${String(gid)}::${homedir}:${shell ?? "/bin/sh"}\n`;
}

/** The account that runs this; undefined for a uid without an entry anywhere, as in some containers. */
export function accountOf(): UserInfo<string> | undefined {
  try {
    return userInfo();
  } catch (error) {
    if (isErrno(error, "ERR_SYSTEM_ERROR", "ENOENT")) return undefined;
    throw error;
  }
}
