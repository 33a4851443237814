import type { Profile } from "../profile-types.ts";

export interface HomeRequest {
  readonly stateDirectory: string;
  readonly profile: Profile;
  /** `Adapter.name`: one safe path component. */
  readonly agent: string;
  readonly personHome: string;
  /** Files of the adapter, beside the profile's own: relative to the home, never secrets. */
  readonly seed: readonly string[];
}

export interface PreparedHome {
  /** Absolute; to be mounted at the path of the person's home. */
  readonly directory: string;
  readonly warnings: readonly string[];
  /** Removes an ephemeral home; nothing for a kept one. */
  release(): void;
}
