/** What layers of policies there are, by what was drafted and released. */
import type { PolicyRelease, PolicyScope, PolicyVersion } from "@bailiwick/control-plane/contract";

export interface PolicyLayer {
  readonly scope: PolicyScope;
  /** What holds for all hosts: absent, nothing was released to all yet; without a version it says nothing. */
  readonly inForce: PolicyRelease | undefined;
  /** The newest, while it reaches some alone or is halted. */
  readonly rollingOut: PolicyRelease | undefined;
  /** Drafts that nobody has reviewed. */
  readonly waiting: readonly PolicyVersion[];
}

const ORDER = ["Company", "Team", "Project", "Person"] as const;

/** @param versions @param releases newest first, as the server lists them */
export function layersOf(versions: readonly PolicyVersion[], releases: readonly PolicyRelease[]): PolicyLayer[] {
  const scopes = new Map([...releases, ...versions].map(({ scope }) => [scopePath(scope), scope]));
  return [...scopes]
    .map(([path, scope]) => {
      const own = releases.filter((each) => scopePath(each.scope) === path);
      const [newest] = own;
      const inForce = own.find(isComplete);
      const waiting = versions.filter((each) => scopePath(each.scope) === path && each.state === "draft");
      return { scope, inForce, waiting, rollingOut: newest !== inForce ? newest : undefined };
    })
    .sort(({ scope: a }, { scope: b }) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type) || (a.id < b.id ? -1 : 1));
}

/** What a rollback puts back if nothing else is said: a release without a version, or none, is that the layer says nothing. */
export function heldBefore([newest, ...older]: readonly PolicyRelease[]): PolicyRelease | undefined {
  return older.filter(isComplete).find(({ version }) => version !== newest?.version);
}

export function isComplete({ percent, halted }: PolicyRelease): boolean {
  return percent === 100 && !halted;
}

/** `company`, `team payments`, as hosts and commands call it. */
export function scopeText({ type, id }: { readonly type: string; readonly id: string }): string {
  return type === "Company" ? "company" : `${type === "Person" ? "user" : type.toLowerCase()} ${id}`;
}

/** As it stands in addresses. */
export function scopePath({ type, id }: PolicyScope): string {
  return `${type}/${encodeURIComponent(id)}`;
}

/** @returns undefined for what is no scope of a layer */
export function scopeOfPath(type: string, id: string): PolicyScope | undefined {
  const known = ORDER.find((each) => each === type);
  return known === undefined || id === "" ? undefined : { type: known, id };
}

/** @param pathname as the browser has it: `/policies/PAGE/TYPE/NAME` */
export function scopeOfPathname(pathname: string): PolicyScope | undefined {
  const [, type = "", name = ""] = /^\/policies\/[a-z]+\/([A-Za-z]+)\/([^/]+)$/.exec(pathname) ?? [];
  try {
    return scopeOfPath(type, decodeURIComponent(name));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

export function reachText({ percent, first, halted }: PolicyRelease): string {
  const some = first.map(({ type, id }) => `${type.toLowerCase()} ${id}`);
  const share = percent > 0 || some.length === 0 ? [`${String(percent)} of 100 hosts`] : [];
  const reached = percent === 100 ? "all hosts" : [...some, ...share].join(", ");
  return `${reached}${halted ? ", halted" : ""}`;
}
