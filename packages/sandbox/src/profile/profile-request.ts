import type { Profile } from "../profile-types.ts";

/** Keeps what was compiled, by a name that is safe in a path. What is read is checked again; a lost entry costs time only. */
export interface ProfileCache {
  read(name: string): string | undefined;
  write(name: string, content: string): void;
}

export interface ProfileRequest {
  /** A name, or a file (it holds a slash or ends with `.toml`). Undefined: the person's own for this workspace (see {@link locateProject}), else `standard`. */
  readonly nameOrFile: string | undefined;
  /** Absolute, symbolic links resolved: its own `.bailiwick/profile.toml` can tighten. */
  readonly workspace: string;
  /** `bailiwick` in the person's XDG configuration directory; profiles by name are in its `profiles`. */
  readonly configDirectory: string;
  readonly cache: ProfileCache | undefined;
  /** What the command line adds: `NAME:PORT`, ports, the kind of home. */
  readonly additions: {
    readonly allowHosts: readonly string[];
    readonly publish: readonly number[];
    readonly home: "kept" | "ephemeral" | undefined;
  };
}

export interface LoadedProfile {
  readonly profile: Profile;
  /** The files that it came from, in the order they were taken in. */
  readonly sources: readonly string[];
  /** For the private home: one safe path component, the same for the same profile and different for any other. */
  readonly homeKey: string;
  /** What the person should know: keys of the workspace's own file that would have widened and were left out. */
  readonly warnings: readonly string[];
}
