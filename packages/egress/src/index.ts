export type * from "./types.ts";
export { EgressError, type EgressErrorCode } from "./errors.ts";
export { createGateway } from "./gateway.privileged.ts";
export { publishPort, type Publication, type PublishOptions } from "./publish.privileged.ts";
