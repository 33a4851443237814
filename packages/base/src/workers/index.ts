/** For those who start workers: it asks Node, which the rest of this package does not. */
export { workerEnvironment } from "./worker-environment.privileged.ts";
