/**
 * Everything the launcher is told: it is policy-free and does exactly this or fails. It is compiled from profile and host facts
 * by `compileLaunchSpec` and travels as one frame over a descriptor (docs/protocol/launcher.md), never as a shell string.
 */
export interface LaunchSpec {
  readonly mounts: readonly Mount[];
  readonly landlock: readonly LandlockRule[];
  readonly network: NetworkSpec;
  readonly command: CommandSpec;
  readonly limits: LimitsSpec;
  /** The seccomp deny list as an assembled classic BPF program: `struct sock_filter` of 8 bytes each, 1..4096 of them. */
  readonly denyFilter: Uint8Array;
  /** Off only for the benchmark's comparison and for tests of the layers below; a run never does that. */
  readonly supervise: boolean;
  /** Allocate a terminal inside and relay the person's own: set when both stdin and stdout are terminals. */
  readonly terminal: boolean;
  /** Tell what the terminal inside puts out, for a recording; without a terminal it means nothing. */
  readonly record: boolean;
  /** Map root to an unprivileged host uid and gid with id-mapped mounts; required when started as root, ignored otherwise. */
  readonly mapRootTo: number;
}

/** One mount, applied in order in the new root. Targets are absolute, never leave the new root, and are made where missing (inside mounts marked so only). */
export type Mount =
  /** A part of the host, recursively. Always nosuid and nodev. `owned`: files belong to the person (workspace, home), so they are id-mapped for a run by root. */
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly target: string;
      readonly writable: boolean;
      readonly owned: boolean;
      /** Fails the launch when missing unless true. */
      readonly optional: boolean;
    }
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      readonly sizeBytes: number;
      readonly mode: number;
      readonly writable: boolean;
    }
  | { readonly kind: "proc"; readonly target: string }
  /** null, zero, full, random, urandom, tty, fd, stdin, stdout, stderr, ptmx, pts, shm. */
  | { readonly kind: "dev"; readonly target: string; readonly shmBytes: number }
  | { readonly kind: "symlink"; readonly target: string; readonly to: string }
  | { readonly kind: "directory"; readonly target: string; readonly mode: number }
  /** A file made in the new root itself (a tmpfs) with this content, read-only once the root is. */
  | { readonly kind: "file"; readonly target: string; readonly content: Uint8Array; readonly mode: number }
  /** Covers an existing path, read-only: a file by a file of this content, a directory by an empty directory. For masks and for protected names that do not exist yet. */
  | { readonly kind: "cover"; readonly target: string; readonly content: Uint8Array; readonly directory: boolean }
  /** Makes an existing path below a writable bind read-only. */
  | { readonly kind: "protect"; readonly target: string }
  /** Binds an existing directory onto itself, so that it can't be renamed or replaced: the parents of what is protected. */
  | { readonly kind: "pin"; readonly target: string };

/** Access below a path as seen inside; enforced by Landlock in addition to the mounts. */
export interface LandlockRule {
  readonly path: string;
  /** `list`: directory listings only, for `/` itself: the mounts decide what there is to list. */
  readonly access: "read" | "read-execute" | "write" | "list";
}

export interface NetworkSpec {
  /** TCP ports on which a listener for all of 198.18.0.0/15 is opened inside and handed to Node. Sorted, 1..65535, at most 256. */
  readonly tcpPorts: readonly number[];
  /** TCP ports inside that Landlock lets the run bind: undefined means all. */
  readonly bindPorts: readonly number[] | undefined;
}

export interface CommandSpec {
  /** `argv[0]` is looked up in PATH inside when it holds no slash. At least one. */
  readonly argv: readonly string[];
  /** NAME=VALUE; nothing else is in the environment. */
  readonly environment: readonly string[];
  readonly cwd: string;
  readonly hostname: string;
}

/** undefined means not limited. Each is reported as enforced or unavailable at launch. */
export interface LimitsSpec {
  /** All processes and threads of the run together (RLIMIT_NPROC counts the user namespace). */
  readonly processes: number | undefined;
  readonly fileSizeBytes: number | undefined;
  readonly openFiles: number | undefined;
  readonly coreBytes: number;
  /** By cgroup v2, where delegated. */
  readonly memoryBytes: number | undefined;
}
