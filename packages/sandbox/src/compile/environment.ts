import type { Profile } from "../profile-types.ts";
import { expand, type Roots } from "./roots.ts";
import { accountOf } from "./system-view.ts";

export interface EnvironmentQuestion {
  readonly profile: Profile;
  readonly person: Readonly<Record<string, string | undefined>>;
  readonly agent: Readonly<Record<string, string>>;
  readonly extra: Readonly<Record<string, string>>;
  readonly path: string;
  readonly cwd: string;
  readonly roots: Roots;
}

/**
 * The environment of the command, as NAME=VALUE sorted by name: what is needed to find home and programs, what the profile passes on
 * of the person's, what the agent's adapter sets, what the profile sets, what the command line sets; each over the one before.
 */
export function buildEnvironment(question: EnvironmentQuestion): readonly string[] {
  const { profile, person, agent, extra, path, cwd, roots } = question;
  const user = accountOf()?.username ?? person["USER"] ?? "user";
  const shell = person["SHELL"];
  const values = new Map<string, string>([
    ["PATH", path],
    ["USER", user],
    ["LOGNAME", user],
    ["SHELL", shell !== undefined && /^\/(usr\/)?bin\//.test(shell) ? shell : "/bin/sh"],
    ["TMPDIR", "/tmp"],
  ]);
  const isPassed = passing(profile.environment.pass);
  for (const [name, value] of Object.entries(person))
    if (value !== undefined && isPassed(name)) values.set(name, value);
  for (const [name, value] of Object.entries(agent)) values.set(name, value);
  for (const [name, value] of Object.entries(profile.environment.set)) values.set(name, expand(value, roots));
  values.set("HOME", roots.home);
  values.set("PWD", cwd);
  for (const [name, value] of Object.entries(extra)) values.set(name, value);
  return [...values].map(([name, value]) => `${name}=${value}`).sort();
}

function passing(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns);
  const beginnings = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  return (name) => exact.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}
