import { assembleDenyFilter } from "./assemble.ts";

/**
 * The filter for a machine. In the shipped command `tools/assembled-filters.ts` puts the assembled bytes in the place of this file.
 * @throws SandboxError SANDBOX_ARCHITECTURE
 */
export function denyFilterFor(architecture: string): Uint8Array {
  return assembleDenyFilter(architecture);
}
