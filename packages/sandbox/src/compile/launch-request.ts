import type { LaunchSpec } from "../launch-spec.ts";
import type { Profile } from "../profile-types.ts";
import type { InsideTrust } from "./trust.ts";

/** Everything a LaunchSpec is compiled from. All paths are absolute, as on the host. */
export interface LaunchRequest {
  readonly profile: Profile;
  /** As the person named it; symbolic links are resolved. */
  readonly workspace: string;
  /** Where the command starts, if that is in the workspace; else the workspace itself. */
  readonly directory: string;
  readonly command: readonly string[];
  /** The person's environment: what the profile passes is taken from here, and PATH. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the agent's adapter sets; the profile's `set` comes after it. */
  readonly agentEnvironment: Readonly<Record<string, string>>;
  /** `--env`, after everything else. */
  readonly extraEnvironment: Readonly<Record<string, string>>;
  /** What must be readable for the command to start, beside what is found by itself (`Adapter.installation`). Missing ones are left out. */
  readonly installation: readonly string[];
  /** The home directory of the person, whose path the private home has inside. */
  readonly personHome: string;
  /** Made by `prepareHome`. */
  readonly homeDirectory: string;
  /** Bailiwick's own; never visible inside. The journal of placeholders is kept in it. */
  readonly stateDirectory: string;
  /** What programs inside must trust because connections are looked into; undefined where none are. */
  readonly trust: InsideTrust | undefined;
  /** Lines of known_hosts for git inside; undefined where no SSH ends in the gateway. */
  readonly knownHosts: string | undefined;
  readonly terminal: boolean;
  readonly supervise: boolean;
  /** The assembled seccomp deny list. */
  readonly denyFilter: Uint8Array;
}

/** A launch that is ready. Placeholders stand in the workspace from now on, until {@link Prepared.release}. */
export interface Prepared {
  readonly spec: LaunchSpec;
  /** The workspace with symbolic links resolved: its path inside as well. */
  readonly workspace: string;
  /** The command's own file as found in PATH, symbolic links resolved; undefined when there is none. */
  readonly program: string | undefined;
  /** Host paths that read as empty. */
  readonly covered: readonly string[];
  /** Host paths that are read-only below what is writable, whether they existed before or not. */
  readonly protected: readonly string[];
  /** What the person should know, one line each. */
  readonly warnings: readonly string[];
  /** Takes the placeholders back that nobody has filled and no other run needs. Call it when everything inside has ended, also after a failed launch. Idempotent. */
  release(): void;
}
