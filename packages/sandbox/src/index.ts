export type * from "./launch-spec.ts";
export type * from "./profile-types.ts";
export type * from "./sandbox.ts";
export type * from "./supervision.ts";
export { SandboxError, type SandboxErrorCode } from "./errors.ts";
export { encodeLaunchSpec } from "./launch-spec/encode.ts";
export { assembleDenyFilter } from "./seccomp/assemble.ts";
export { findLauncher, launch } from "./supervisor/launch.privileged.ts";
