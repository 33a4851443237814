import type { NetworkRules } from "@bailiwick/egress";
import { boundOf, type Profile } from "@bailiwick/sandbox";
import { RunError } from "./errors.ts";

/**
 * `--env`: `NAME=VALUE` sets, `NAME` passes on what the person has; a name that the person does not have passes nothing.
 * @throws RunError RUN_OPTION_INVALID
 */
export function readEnvironment(words: readonly string[], own: NodeJS.ProcessEnv): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new RunError("RUN_OPTION_INVALID", `not an environment variable: \`${word}\``, {
        remedy: "write `--env NAME` to pass one on, or `--env NAME=VALUE` to set one",
      });
    }
    const value = equals < 0 ? own[name] : word.slice(equals + 1);
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

/**
 * Whoever starts a run does not give it more than its profile, and the layers that this lies within, let through. Not left out with a warning: the run
 * would go on without what its person thinks it has.
 * @throws RunError RUN_OPTION_REFUSED
 */
export function requireGivable(profile: Profile, environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(environment)) {
    const bound = boundOf(profile, name);
    if (bound === undefined) continue;
    const names = bound.names.length === 0 ? "none" : bound.names.map((each) => `\`${each}\``).join(", ");
    throw new RunError(
      "RUN_OPTION_REFUSED",
      `\`--env ${name}\` goes beyond what \`${bound.by}\` lets runs be given: ${names}`,
      { remedy: "leave it out, or ask whoever writes that to add it to `only` in `[environment]`" },
    );
  }
}

/** The profile's network as the gateway takes it. */
export function networkRules({ network }: Profile): NetworkRules {
  const allow = network.allow.map((rule) => {
    const colon = rule.lastIndexOf(":");
    return { name: rule.slice(0, colon), port: Number(rule.slice(colon + 1)) };
  });
  return { allow, hosts: new Map(Object.entries(network.hosts)) };
}
