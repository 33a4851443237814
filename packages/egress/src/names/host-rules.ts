import { EgressError } from "../errors.ts";
import type { HostRule } from "../types.ts";
import { parseHostName } from "@bailiwick/base";

/**
 * The profile's `[network] allow`, ready to be asked. Names are those of {@link parseHostName}. A wildcard is compared label
 * by label, never as text, so that `evilexample.com` and `example.com.evil` are not below `example.com`.
 */
export class HostRules {
  readonly #exact = new Map<string, Set<number>>();
  /** By the name after `*.`. */
  readonly #below = new Map<string, Set<number>>();

  /** @throws EgressError EGRESS_RULE_INVALID */
  constructor(rules: readonly HostRule[]) {
    for (const rule of rules) {
      const wildcard = rule.name.startsWith("*.");
      const name = parseHostName(wildcard ? rule.name.slice(2) : rule.name);
      if (name === undefined || !Number.isInteger(rule.port) || rule.port < 1 || rule.port > 65_535) {
        throw new EgressError("EGRESS_RULE_INVALID", `not a host and port: \`${rule.name}:${String(rule.port)}\``, {
          remedy:
            'write `name:port` or `*.name:port` in `[network] allow`, international names in their `xn--` form; an address goes to `[network.hosts]` under a name of its own: `"db.test" = "10.0.0.5"`',
        });
      }
      const table = wildcard ? this.#below : this.#exact;
      const ports = table.get(name);
      if (ports === undefined) table.set(name, new Set([rule.port]));
      else ports.add(rule.port);
    }
  }

  /** True for a name that a rule spells out, not by a wildcard. */
  isExact(name: string): boolean {
    return this.#exact.has(name);
  }

  /** True when the name may be reached at any port. */
  permitsName(name: string): boolean {
    return this.#matching(name).next().done !== true;
  }

  permits(name: string, port: number): boolean {
    for (const ports of this.#matching(name)) if (ports.has(port)) return true;
    return false;
  }

  /** The ports at which the name may be reached, ascending. */
  portsOf(name: string): readonly number[] {
    const all = new Set<number>();
    for (const ports of this.#matching(name)) for (const port of ports) all.add(port);
    return [...all].sort((a, b) => a - b);
  }

  *#matching(name: string): Generator<Set<number>> {
    const exact = this.#exact.get(name);
    if (exact !== undefined) yield exact;
    if (this.#below.size === 0) return;
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const ports = this.#below.get(name.slice(dot + 1));
      if (ports !== undefined) yield ports;
    }
  }
}
