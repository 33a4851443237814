export type RuleSetName =
  "git" | "github" | "gitlab" | "npm" | "pypi" | "cargo" | "go" | "apt" | "anthropic" | "openai" | "gemini";

export interface RuleSet {
  /** Where the profile names none. */
  readonly hosts: readonly string[];
  /** Whether it has places that may be written to. */
  readonly owners: boolean;
  readonly policies: (place: RulePlace) => string;
}

export interface RulePlace {
  readonly hosts: readonly string[];
  readonly owners: readonly string[];
}

/** A forbid for everything that these conditions do not let through: what nobody thought of is closed. */
export interface Rule {
  readonly id: string;
  readonly reason: string;
  readonly instead: string;
  readonly hosts: readonly string[];
  /** Any of them is enough. */
  readonly unless: readonly string[];
  /** Only then; always, if not said. */
  readonly when?: string;
}

/** As Cedar text. */
export function forbidUnless({ id, reason, instead, hosts, unless, when }: Rule): string {
  // A set holds entities of one type.
  const single = hosts.filter((host) => !host.startsWith("*.")).map((host) => `Host::${quote(host)}`);
  const groups = hosts.filter((host) => host.startsWith("*.")).map((host) => `HostGroup::${quote(host)}`);
  const places = [single, groups].filter(({ length }) => length > 0);
  const resource = places.map((entities) => `resource in [${entities.join(", ")}]`).join(" || ");
  const condition = when === undefined ? "" : ` && ${when}`;
  return [
    `@id(${quote(id)})`,
    `@reason(${quote(reason)})`,
    `@instead(${quote(instead)})`,
    `forbid (principal, action == Action::"httpRequest", resource)`,
    `when { (${resource})${condition} }`,
    `unless { ${unless.length === 0 ? "false" : unless.join(" || ")} };`,
    "",
  ].join("\n");
}

export const READS = '["GET", "HEAD"].contains(context.method)';

/** Below the owner's path, which follows `prefix`. False where there is no owner: nothing may be written then. */
export function belowOwner(owners: readonly string[], prefix = "/"): string {
  if (owners.length === 0) return "false";
  return `(${owners.map((owner) => `context.urlPath like ${quote(`${prefix}${owner}/*`)}`).join(" || ")})`;
}

/** A string of Cedar. What comes in here has neither quotes nor backslashes nor `*` (the profile's form sees to that); the escapes are Cedar's all the same. */
export function quote(text: string): string {
  return JSON.stringify(text);
}
