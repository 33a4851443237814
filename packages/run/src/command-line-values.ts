import type { NetworkRules } from "@bailiwick/egress";
import type { Profile } from "@bailiwick/sandbox";
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

/** The profile's network as the gateway takes it. */
export function networkRules({ network }: Profile): NetworkRules {
  const allow = network.allow.map((rule) => {
    const colon = rule.lastIndexOf(":");
    return { name: rule.slice(0, colon), port: Number(rule.slice(colon + 1)) };
  });
  return { allow, hosts: new Map(Object.entries(network.hosts)) };
}
