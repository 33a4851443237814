/** The system-call filters as the bytes that they are: assembling one takes 2 % of the start of a run, and it is the same each time. */
import type { Plugin } from "esbuild";
import { assembleDenyFilter } from "../packages/sandbox/src/seccomp/assemble.ts";

/** In the place of `seccomp/deny-filter.ts`, which assembles. */
export const assembledFilters: Plugin = {
  name: "assembled-filters",
  setup(build) {
    build.onLoad({ filter: /\/packages\/sandbox\/src\/seccomp\/deny-filter\.ts$/ }, () => ({ contents: text() }));
  },
};

function text(): string {
  const known = ["x64", "arm64"].map((architecture) => {
    return [architecture, Buffer.from(assembleDenyFilter(architecture)).toString("base64")] as const;
  });
  return `import { unknownArchitecture } from "./unknown-architecture.ts";
const filters = new Map(${JSON.stringify(known)});
export function denyFilterFor(architecture) {
  const filter = filters.get(architecture);
  if (filter === undefined) throw unknownArchitecture(architecture);
  return Buffer.from(filter, "base64");
}`;
}
