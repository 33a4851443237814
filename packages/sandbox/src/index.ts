export type * from "./launch-spec.ts";
export type * from "./profile-types.ts";
export type * from "./sandbox.ts";
export type * from "./supervision.ts";
export { SandboxError, type SandboxErrorCode } from "./errors.ts";
export type { LoadedProfile, ProfileCache, ProfileRequest } from "./profile/profile-request.ts";
export type { LaunchRequest, Prepared } from "./compile/launch-request.ts";
export type { HomeRequest, PreparedHome } from "./compile/private-home.ts";
