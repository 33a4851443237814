export type * from "./launch-spec.ts";
export type * from "./profile-types.ts";
export type * from "./sandbox.ts";
export type * from "./supervision.ts";
export { SandboxError, type SandboxErrorCode } from "./errors.ts";
export { encodeLaunchSpec } from "./launch-spec/encode.ts";
export { denyFilterFor } from "./seccomp/deny-filter.ts";
export { loadProfile, locateProject } from "./profile/load-profile.ts";
export { composeLayers, readProfileLayers } from "./profile/layers.ts";
export { boundOf } from "./profile/narrow-lists.ts";
export type {
  LoadedProfile,
  ProfileCache,
  ProfileLayer,
  ProfileRequest,
  RunBudgets,
} from "./profile/profile-request.ts";
export { parseDuration } from "./profile/quantities.ts";
export { profileJsonSchema } from "./profile/json-schema.ts";
export { prepareLaunch } from "./compile/prepare-launch.ts";
export type { LaunchRequest, Prepared } from "./compile/launch-request.ts";
export type { InsideTrust } from "./compile/trust.ts";
export { prepareHome, type HomeRequest, type PreparedHome } from "./compile/private-home.ts";
export { listDirectory, type DirectoryEntry } from "./compile/directory-entries.ts";
export { isInside, osPath, realPathOf } from "./compile/host-files.ts";
export { removeMadeNames } from "./compile/renewed-names.ts";
export { expand } from "./compile/roots.ts";
export { resolveWorkspace } from "./compile/workspace.ts";
export { findLauncher, launch } from "./supervisor/launch.privileged.ts";
export { inspectHost, type HostFinding } from "./doctor/inspect-host.ts";
