import type { Profile } from "../profile-types.ts";
import type { ProfileSource } from "./source.ts";

type RecordSource = NonNullable<ProfileSource["record"]>;

const STRICTEST_FIRST = ["start", "end", "never"] as const;

/**
 * Merges what layers say of the record, the outermost first. Unlike all else nothing here is ever loosened by a later layer:
 * whoever is governed by a record does not choose who vouches for it. Witnesses are joined, `require` is the strictest of all, and
 * the quorum is large enough that every layer's own is met within its own witnesses, whichever of all of them cosign.
 */
export function mergeRecord(layers: readonly RecordSource[]): Profile["record"] {
  const all = new Set(layers.flatMap(({ witnesses = [] }) => witnesses));
  const soFar = new Set<string>();
  let quorum = 0;
  for (const { witnesses = [], quorum: said } of layers) {
    for (const name of witnesses) soFar.add(name);
    // A number speaks of all that are named up to here; without one, each that is named here is needed.
    const [needed, among] = said === undefined ? [witnesses.length, witnesses.length] : [said, soFar.size];
    if (needed > 0) quorum = Math.max(quorum, needed + all.size - among);
  }
  const required = layers.flatMap(({ require }) => require ?? []);
  const require = STRICTEST_FIRST.find((each) => required.includes(each)) ?? (all.size > 0 ? "end" : "never");
  return { witnesses: [...all], quorum, require };
}
