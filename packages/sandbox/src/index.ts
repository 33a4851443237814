export type * from "./launch-spec.ts";
export type * from "./profile-types.ts";
export type * from "./sandbox.ts";
export type * from "./supervision.ts";
