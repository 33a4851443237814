import type { CompiledPolicy } from "../decide/compiled.ts";
import type { PolicySource, Problem } from "../source.ts";

/** Permits in sources that can only tighten: each is an error, whatever it permits. */
export function findForbiddenPermits(
  sources: readonly PolicySource[],
  policies: readonly CompiledPolicy[],
): readonly Problem[] {
  const tightening = new Set(sources.filter(({ tightens }) => tightens === true).map(({ name }) => name));
  return policies
    .filter(({ effect, source }) => effect === "permit" && tightening.has(source))
    .map(({ id, source, line }) => ({
      severity: "error",
      source,
      line,
      column: 1,
      policy: id,
      message: "a layer below the company's can only forbid and ask, and this permits",
      remedy: "leave it out, or have it in the company's layer",
    }));
}
