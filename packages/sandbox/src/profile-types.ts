/**
 * A profile: the envelope that the kernel enforces. TOML; unknown keys are errors. `extends` takes in another profile first:
 * lists are joined, tables merged, single values replaced. Paths may hold `{workspace}` and `{home}`, and start with `~/`.
 */
export interface Profile {
  readonly name: string;
  /** Over the merged, normalised profile: `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly filesystem: {
    /** Parts of the host that can be read inside, beside the system's directories. */
    readonly read: readonly string[];
    readonly write: readonly string[];
    /** Names and patterns that read as empty, wherever in the workspace. */
    readonly mask: readonly string[];
    /** Paths in the workspace that are read-only, also where they do not exist yet; a trailing slash says directory. */
    readonly protect: readonly string[];
  };
  readonly network: {
    /** `name:port`, lower case. */
    readonly allow: readonly string[];
    readonly hosts: Readonly<Record<string, string>>;
    /** Ports inside that may be published to the host's loopback. */
    readonly publish: readonly number[];
  };
  readonly environment: { readonly pass: readonly string[]; readonly set: Readonly<Record<string, string>> };
  readonly home: { readonly seed: readonly string[]; readonly mode: "kept" | "ephemeral" };
  readonly limits: {
    readonly processes: number | undefined;
    readonly wallMs: number | undefined;
    readonly fileSizeBytes: number | undefined;
    readonly openFiles: number | undefined;
    readonly memoryBytes: number | undefined;
    /** Size of /tmp and of /dev/shm, which are memory. */
    readonly tmpBytes: number;
  };
  readonly record: {
    /** Witnesses of the run's record, by the names this host gives them. */
    readonly witnesses: readonly string[];
    /** How many of them must cosign; 0 to their number. */
    readonly quorum: number;
    /** `start`: nothing runs before the quorum has cosigned the run's beginning. `end`: a quorum that is missing is told. `never`: nobody waits for it. */
    readonly require: "start" | "end" | "never";
  };
}
