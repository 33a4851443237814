import type { Layer } from "@bailiwick/policy";
import type { Profile } from "../profile-types.ts";
import type { ProfileSource } from "./source.ts";

/** Keeps what was compiled, by a name that is safe in a path. What is read is checked again; a lost entry costs time only. */
export interface ProfileCache {
  read(name: string): string | undefined;
  write(name: string, content: string): void;
}

/** The profile part of one layer of a company's policy. */
export interface ProfileLayer {
  /** `company`, `team payments`: what errors and warnings call it. */
  readonly name: string;
  /** Layers of one level stand beside each other: none of them is above another. */
  readonly level: Layer;
  readonly source: ProfileSource;
}

/** What one run may use up at most, whatever its profile says. */
export interface RunBudgets {
  readonly tokens?: number;
  readonly money?: number;
  readonly wall?: number;
}

export interface ProfileRequest {
  /** A name, or a file (it holds a slash or ends with `.toml`). Undefined: the person's own for this workspace (see {@link locateProject}), else `standard`. */
  readonly nameOrFile: string | undefined;
  /** Absolute, symbolic links resolved: its own `.bailiwick/profile.toml` can tighten. */
  readonly workspace: string;
  /** `bailiwick` in the person's XDG configuration directory; profiles by name are in its `profiles`. */
  readonly configDirectory: string;
  readonly cache: ProfileCache | undefined;
  /** The company's layers, the outermost first; none: the person's own profile is not bounded. */
  readonly layers: readonly ProfileLayer[];
  /** What the command line adds: `NAME:PORT`, ports, the kind of home. */
  readonly additions: {
    readonly allowHosts: readonly string[];
    readonly publish: readonly number[];
    readonly home: "kept" | "ephemeral" | undefined;
    /** Lowers what the profile says, never more. Money in the profile's currency, `wall` in milliseconds. */
    readonly budgets?: RunBudgets | undefined;
  };
}

export interface LoadedProfile {
  readonly profile: Profile;
  /** The files that it came from, in the order they were taken in. */
  readonly sources: readonly string[];
  /** For the private home: one safe path component, the same for the same profile and different for any other. */
  readonly homeKey: string;
  /** What the person should know: what would have widened, and was left out. */
  readonly warnings: readonly string[];
}
