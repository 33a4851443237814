import type { HostFacts } from "../../contract/host-routes.ts";
import type { Start } from "./starts.ts";

type Layers = HostFacts["enforcement"];

/**
 * What the newest start stated, and what is weaker than it was. A layer that is not available is compared with all runs before; one that the
 * statement does not speak of with those of the same profile alone, since another profile need not want it.
 * @param starts newest first
 */
export function layersOf([newest, ...earlier]: readonly Start[]): Layers {
  if (newest === undefined) return [];
  const stated = newest.enforcement.map((each) => {
    const before = each.state === "enforced" ? undefined : lastEnforced(earlier, each.layer);
    return { ...each, ...(before && { before }) };
  });
  const spoken = new Set(newest.enforcement.map(({ layer }) => layer));
  const same = earlier.filter(({ profile }) => profile.digest === newest.profile.digest);
  const known = new Set(same.flatMap(({ enforcement }) => enforcement.map(({ layer }) => layer)));
  const gone = [...known].flatMap((layer) => {
    const before = spoken.has(layer) ? undefined : lastEnforced(same, layer);
    return before === undefined ? [] : [{ layer, state: "absent" as const, detail: "", before }];
  });
  return [...stated, ...gone];
}

function lastEnforced(starts: readonly Start[], layer: string): Layers[number]["before"] {
  for (const { run, at, enforcement } of starts) {
    const found = enforcement.find((each) => each.layer === layer && each.state === "enforced");
    if (found !== undefined) return { run, at, detail: found.detail };
  }
  return undefined;
}
