export type { Adapter, AgentHost } from "./adapter.ts";
export { adapterFor, adapters } from "./adapter-for.ts";
