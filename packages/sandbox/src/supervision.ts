/** What the kernel knows of a file; equal identity means equal bytes for the digest cache. Times are nanoseconds since 1970. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly mode: number;
}

/** One file of an exec, in the order of the kernel: the file asked for, then interpreters (`#!`), or the target given to a dynamic loader. */
export interface ExecFile {
  readonly kind: "program" | "interpreter" | "loader-target";
  /** Absolute, as seen inside, symbolic links resolved; `memfd:NAME` for an anonymous file. */
  readonly path: string;
  readonly identity: FileIdentity;
  /** The identity stands for the bytes from now on: nobody had the file open for writing when it was described, or nobody inside may write to it. */
  readonly vouched: boolean;
  /**
   * Where the supervisor can open the very file: `/proc/<launcher>/fd/<n>`, valid until the verdict was given, and never for a notice
   * that was `decided`. Opening it fails with EACCES where the file may be executed but not read.
   */
  readonly openAt: string;
  /** The argument vector as this file's program sees it. */
  readonly argv: readonly string[];
}

/** A process is about to become another program; it waits for the verdict. */
export interface ExecNotice {
  /** Never used twice in a run; counts from 1. */
  readonly id: number;
  /** The id of the exec whose process asked, or whose descendant by fork did; 0 for the run's own command. */
  readonly parent: number;
  /** True when the same process already ran as `parent` (exec without fork): the earlier exec ends by being replaced. */
  readonly replaces: boolean;
  /** Process id as seen on the host. */
  readonly pid: number;
  readonly asked: string;
  readonly files: readonly [ExecFile, ...ExecFile[]];
  readonly cwd: string;
  /** Milliseconds since 1970 with microseconds in the fraction. */
  readonly at: number;
  /** The launcher answered from a verdict marked for reuse; the return value of the handler is not used. */
  readonly decided: boolean;
}

/**
 * `reuse`: the launcher may repeat an `allow` by itself. `program`: same files, any argv and directory. `exact`: same files, argv
 * and directory. It still reports every exec. A denial is never repeated without asking.
 */
export type Verdict =
  | { readonly allow: true; readonly reuse: "never" | "exact" | "program" }
  /** `message` is written to the caller's standard error; the caller gets EACCES. */
  | { readonly allow: false; readonly message: string };

/**
 * How an exec ended: at most one of `status`, `signal`, `replacedBy` and `failed`. None of them: the process was killed and reaped
 * before it could be looked at, on a kernel before 6.15, which does not keep how. An exec that was refused has no end.
 */
export interface ExecEnd {
  readonly id: number;
  readonly status: number | undefined;
  readonly signal: string | undefined;
  readonly replacedBy: number | undefined;
  /**
   * The kernel refused the exec after it was allowed (`ENOEXEC`, `E2BIG`, …). `ESRCH`: its caller was gone before the verdict took
   * effect, so a question about it can be withdrawn.
   */
  readonly failed: string | undefined;
  readonly cpuMs: number | undefined;
  readonly at: number;
}

/** What the supervisor is told. None of them may throw; a handler that rejects ends the run. */
export interface SupervisionHandlers {
  onExec(notice: ExecNotice): Verdict | Promise<Verdict>;
  onEnd(end: ExecEnd): void;
  /** What ran was not what had been approved. The process was killed before its first instruction; the run is being ended. */
  onTampered(id: number, pid: number, detail: string): void;
  /**
   * Somebody outside had removed or replaced what lies under a protected or masked name, which takes the kernel's protection away; it
   * was laid anew about a millisecond later. `made`: nothing was there any more, and an empty file or directory was put there.
   */
  onRenewed(path: string, made: boolean): void;
  /**
   * What the terminal inside put out, where the LaunchSpec asks for it; `at` as above. `bytes` must be read before this returns. `lost`: bytes before
   * these that came while too many were not taken yet (`Sandbox.takeOutput`).
   */
  onOutput(at: number, bytes: Uint8Array, lost: number): void;
  /** The size of the terminal inside, before its first output and whenever it changes. */
  onSize(at: number, columns: number, rows: number): void;
}

/** One layer as it was applied at this launch, or why it is not there. */
export interface Enforcement {
  readonly layer: string;
  readonly state: "enforced" | "unavailable";
  readonly detail: string;
}

/** How the run's own command ended. */
export interface MainExit {
  readonly status: number | undefined;
  readonly signal: string | undefined;
}
