import type { Profile, VariableBound } from "../profile-types.ts";
import type { ProfileSource } from "./source.ts";

/** Says that entries of a key go beyond what stands above. */
export type Report = (key: string, entries: readonly unknown[]) => void;

interface ListKey {
  readonly said: (source: ProfileSource) => readonly unknown[] | undefined;
  readonly of: (profile: Profile) => readonly (string | number)[];
  /** Whether an entry lies within one that stands above. Paths only if they are the same: a link may lie below. */
  readonly covers: (outer: string, inner: string) => boolean;
}

const same = (outer: string, inner: string): boolean => outer === inner;

/** The lists that grant. */
const LISTS = {
  "filesystem.read": { said: (s) => s.filesystem?.read, of: (p) => p.filesystem.read, covers: same },
  "filesystem.write": { said: (s) => s.filesystem?.write, of: (p) => p.filesystem.write, covers: same },
  "network.allow": { said: (s) => s.network?.allow, of: (p) => p.network.allow, covers: coversPlace },
  "network.publish": { said: (s) => s.network?.publish, of: (p) => p.network.publish, covers: same },
  "network.trust": { said: (s) => s.network?.trust, of: (p) => p.network.trust, covers: same },
  "environment.pass": { said: (s) => s.environment?.pass, of: (p) => p.environment.pass, covers: coversVariable },
  "home.seed": { said: (s) => s.home?.seed, of: (p) => p.home.seed, covers: same },
  "leaks.models": { said: (s) => s.leaks?.models, of: (p) => p.leaks.models, covers: coversHost },
  "leaks.code-hosts": { said: (s) => s.leaks?.["code-hosts"], of: (p) => p.leaks.codeHosts, covers: coversHost },
} as const satisfies Record<string, ListKey>;

export type GrantingKey = keyof typeof LISTS;

/** Each list that grants: what the layer says of it, so far as it lies within what stands above; or what stands above. */
export function narrowLists(
  outer: Profile,
  own: Profile,
  layer: readonly ProfileSource[],
  report: Report,
): Readonly<Record<GrantingKey, readonly string[]>> {
  const narrowed = (key: GrantingKey): readonly string[] => {
    const { said, of }: ListKey = LISTS[key];
    if (!layer.some((source) => said(source) !== undefined)) return of(outer).map(String);
    const { inside, outside } = partition(key, outer, of(own).map(String));
    report(key, outside);
    return inside;
  };
  return {
    "filesystem.read": narrowed("filesystem.read"),
    "filesystem.write": narrowed("filesystem.write"),
    "network.allow": narrowed("network.allow"),
    "network.publish": narrowed("network.publish"),
    "network.trust": narrowed("network.trust"),
    "environment.pass": narrowed("environment.pass"),
    "home.seed": narrowed("home.seed"),
    "leaks.models": narrowed("leaks.models"),
    "leaks.code-hosts": narrowed("leaks.code-hosts"),
  };
}

/** Which of these entries the profile grants, and which not. */
export function partition(
  key: GrantingKey,
  profile: Profile,
  entries: readonly string[],
): { readonly inside: readonly string[]; readonly outside: readonly string[] } {
  const { of, covers }: ListKey = LISTS[key];
  const granted = of(profile).map(String);
  const isInside = (entry: string): boolean => granted.some((outer) => covers(outer, entry));
  return { inside: entries.filter(isInside), outside: entries.filter((entry) => !isInside(entry)) };
}

/** The bound that keeps a variable from being given; undefined: it may be. */
export function boundOf({ environment }: Profile, variable: string): VariableBound | undefined {
  return environment.only.find(({ names }) => !names.some((name) => coversVariable(name, variable)));
}

/** Hosts: a name, or `*.` and a domain, which covers what is below it and not itself. */
function coversHost(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  return outer.startsWith("*.") && inner.replace(/^\*/, "").endsWith(outer.slice(1)) && inner !== outer.slice(2);
}

/** `host:port`, the port being the same. */
function coversPlace(outer: string, inner: string): boolean {
  const [outerColon, innerColon] = [outer.lastIndexOf(":"), inner.lastIndexOf(":")];
  return (
    outer.slice(outerColon) === inner.slice(innerColon) &&
    coversHost(outer.slice(0, outerColon), inner.slice(0, innerColon))
  );
}

/** Variables: a name, or its beginning and `*`. */
function coversVariable(outer: string, inner: string): boolean {
  return outer === inner || (outer.endsWith("*") && inner.startsWith(outer.slice(0, -1)));
}
